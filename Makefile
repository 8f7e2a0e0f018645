# SPDX-License-Identifier: BSD-2-Clause
# Leat: everything is built out of tree under $(BUILD). `make help` lists the targets.

BUILD   ?= build
# One name for one folder, so that the dependency files always match: relative where it lies in the tree.
override BUILD := $(patsubst $(CURDIR)/%,%,$(BUILD))
PREFIX  ?= /usr
SYSCONF ?= /etc
DESTDIR ?=

ifeq ($(origin CC),default)
CC       := gcc
endif
CLANG    ?= clang
BPFTOOL  ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/bin/bpftool /sbin/bpftool) bpftool)
WERROR   ?= -Werror
OPT      ?= -O2 -g
V        ?=
Q        := $(if $(V),,@)
SANITIZE ?=

CFLAGS_ALL := -std=gnu11 -D_GNU_SOURCE $(OPT) $(SANITIZE) $(WERROR) -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wvla -Wno-unused-parameter -fno-common -fstack-protector-strong \
	-Iinclude -Iuser -I$(BUILD)/gen $(CFLAGS)
LDFLAGS_ALL := $(SANITIZE) $(LDFLAGS)

PKG = $(shell pkg-config $(1) $(2) 2>/dev/null)

# What each folder of user/ stands on, nearest first; the same order links the archives. tools/check-layers checks the includes.
DIRS            := base model conf store metrics health neigh nlb control cli target
DEPS_base       :=
DEPS_model      := base
DEPS_conf       := model base
DEPS_store      := model base
DEPS_metrics    := base
DEPS_health     := model base
DEPS_neigh      := base
DEPS_nlb        := model metrics base
DEPS_control    := conf store health neigh nlb model metrics base
DEPS_cli        := base
DEPS_target     := base

# Third-party libraries, confined to the folders that may include them.
LIBS_conf       := -lyaml -ljansson
LIBS_store      := -lsqlite3
LIBS_health     := -lcurl
LIBS_neigh      := $(call PKG,--libs,libnl-3.0 libnl-route-3.0)
LIBS_nlb        := -lbpf -lelf -lz
LIBS_control    := -lmicrohttpd -ljansson -lcap-ng
LIBS_cli        := -lcurl -ljansson
LIBS_target     := -lbpf -lelf -lz -ljansson
CFLAGS_neigh    := $(call PKG,--cflags,libnl-3.0 libnl-route-3.0)

libs_of   = $(foreach d,$(1) $(DEPS_$(1)),$(LIBS_$(d)))
archives  = $(foreach d,$(1) $(DEPS_$(1)),$(BUILD)/lib/$(d).a)

SKELETONS := $(patsubst bpf/%.bpf.c,$(BUILD)/gen/%.skel.h,$(wildcard bpf/*.bpf.c))
PROGRAMS  := $(patsubst user/programs/%.c,%,$(wildcard user/programs/*.c))
UNITS     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*/test_*.c))
BENCHES   := $(if $(wildcard tools/bench/xdp.c),$(BUILD)/tools/bench/xdp)
LABTOOLS  := $(patsubst %.c,$(BUILD)/%,$(filter-out %.bpf.c,$(wildcard tools/lab/*.c))) \
	$(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/lab/*.bpf.c))
BPFTESTS  := $(if $(wildcard tests/bpf/*.c),$(BUILD)/tests/bpf/run)
FUZZERS   := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all
all: programs lab-tools ## build the programs and the lab's traffic tools

.PHONY: programs lab-tools tests
programs: $(addprefix $(BUILD)/,$(PROGRAMS)) ## build leatd, leatctl and leat-target
lab-tools: $(LABTOOLS) ## build the traffic tools of tools/lab
tests: all $(UNITS) $(BPFTESTS) ## build every test program

# ---- the kernel side -------------------------------------------------------------------------------------------------
BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Wno-address-of-packed-member \
	$(WERROR) $(BPF_EXTRA) -Iinclude -Ibpf -I/usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h include/leat/*.h)
	@mkdir -p $(@D)
	@echo "  BPF    $<"
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/gen/%.skel.h: $(BUILD)/bpf/%.bpf.o
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $* > $@.tmp && mv $@.tmp $@

.SECONDARY:

# ---- user space ------------------------------------------------------------------------------------------------------
define folder
SRCS_$(1) := $$(wildcard user/$(1)/*.c)
$$(BUILD)/lib/$(1).a: $$(patsubst %.c,$$(BUILD)/%.o,$$(SRCS_$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	@echo "  AR     $(1)"
	$$(Q)ar rcs $$@ $$^
$$(BUILD)/user/$(1)/%.o: user/$(1)/%.c
	@mkdir -p $$(@D)
	@echo "  CC     $$<"
	$$(Q)$$(CC) $$(CFLAGS_ALL) $$(CFLAGS_$(1)) -MMD -MP -c $$< -o $$@
endef
$(foreach d,$(DIRS),$(eval $(call folder,$(d))))

$(patsubst %.c,$(BUILD)/%.o,$(wildcard user/nlb/*.c user/target/*.c)): $(SKELETONS)

$(BUILD)/user/programs/%.o: user/programs/%.c
	@mkdir -p $(@D)
	@echo "  CC     $<"
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

$(BUILD)/leatd: $(BUILD)/user/programs/leatd.o $(call archives,control)
	@echo "  LINK   $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call libs_of,control)

$(BUILD)/leatctl: $(BUILD)/user/programs/leatctl.o $(call archives,cli)
	@echo "  LINK   $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call libs_of,cli)

$(BUILD)/leat-target: $(BUILD)/user/programs/leat-target.o $(call archives,target)
	@echo "  LINK   $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call libs_of,target)

$(BUILD)/tools/lab/%: tools/lab/%.c
	@mkdir -p $(@D)
	@echo "  LINK   $@"
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -MMD -MP -o $@ $<

# What a packet costs (tools/bench). Its own BPF object: the wrapper and the floors.
BENCH_HEADERS := $(wildcard tools/bench/*.h)
$(BUILD)/tools/bench/bench.bpf.o: tools/bench/bench.bpf.c $(BENCH_HEADERS)
	@mkdir -p $(@D)
	@echo "  BPF    $<"
	$(Q)$(CLANG) $(BPF_CFLAGS) -Itools/bench -c $< -o $@

$(BUILD)/tools/bench/bench.skel.h: $(BUILD)/tools/bench/bench.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name bench > $@.tmp && mv $@.tmp $@

$(BUILD)/tools/bench/xdp: $(wildcard tools/bench/*.c) $(BENCH_HEADERS) $(BUILD)/tools/bench/bench.skel.h $(SKELETONS)
	@echo "  LINK   $@"
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -I$(@D) -o $@ $(filter-out %.bpf.c,$(filter %.c,$^)) $(LIBS_nlb)

.PHONY: bench
bench: $(BENCHES) ## build tools/bench: ns a packet; tools/bench/run runs it

$(BUILD)/tools/lab/%.bpf.o: tools/lab/%.bpf.c
	@mkdir -p $(@D)
	@echo "  BPF    $<"
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

# ---- tests -----------------------------------------------------------------------------------------------------------
# tests/unit/DIR/test_X.c is linked with user/DIR and what DIR stands on; it may include DIR's private headers.
define unit
$$(BUILD)/tests/unit/$(1)/test_%: tests/unit/$(1)/test_%.c $(call archives,$(1))
	@mkdir -p $$(@D)
	@echo "  LINK   $$@"
	$$(Q)$$(CC) $$(CFLAGS_ALL) $$(CFLAGS_$(1)) $$(LDFLAGS_ALL) -MMD -MP -o $$@ $$< $(call archives,$(1)) $(call libs_of,$(1)) -lcmocka -ljansson
endef
$(foreach d,$(DIRS),$(eval $(call unit,$(d))))

# The data path compiled for the host: its own flags, as it reads fields where they lie in a frame, aligned or not.
# Sanitized, it is one enormous function, which clang optimizes for minutes: not at all then.
NATIVE_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(if $(SANITIZE),-O0 -g,$(OPT)) $(SANITIZE) -fno-sanitize=alignment $(WERROR) -Wall -Wextra \
	-Wno-unused-parameter -Wno-unknown-pragmas -Wno-address-of-packed-member -Itests/bpf/native/include -Iinclude -Ibpf $(CFLAGS)
NATIVE := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bpf/native/*.c))

$(BUILD)/tests/bpf/native/walk.o: tests/bpf/native/walk.c
	@mkdir -p $(@D)
	@echo "  CC     $<"
	$(Q)$(CC) $(NATIVE_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/tests/bpf/native/%.o: tests/bpf/native/%.c
	@mkdir -p $(@D)
	@echo "  CC     $<"
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# -rdynamic: the runner finds the native maps by the names that the kernel's have.
$(BUILD)/tests/bpf/run: $(wildcard tests/bpf/*.c tests/bpf/*.h tests/bpf/native/*.h) $(NATIVE) $(SKELETONS) $(BUILD)/lib/base.a
	@mkdir -p $(@D)
	@echo "  LINK   $@"
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -rdynamic -Itests/bpf -o $@ $(filter %.c,$^) $(NATIVE) $(BUILD)/lib/base.a $(LIBS_nlb)

# libFuzzer targets need clang: make fuzzers builds them with it.
$(BUILD)/tests/fuzz/fuzz_packet: tests/fuzz/fuzz_packet.c tests/bpf/oracle.c tests/bpf/checksum.c \
		$(wildcard bpf/*.h bpf/nlb.bpf.c include/leat/*.h tests/bpf/native/*.h) $(filter-out %/walk.o,$(NATIVE))
	@mkdir -p $(@D)
	@echo "  LINK   $@"
	$(Q)$(CLANG) $(NATIVE_CFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize=alignment -Itests/bpf -o $@ \
		$(filter %.c %.o,$(filter-out bpf/%,$^))

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(call archives,conf)
	@mkdir -p $(@D)
	@echo "  LINK   $@"
	$(Q)$(CLANG) $(CFLAGS_ALL) -fsanitize=fuzzer,address,undefined -o $@ $< $(call archives,conf) $(call libs_of,conf)

.PHONY: fuzzers
fuzzers: ## build the libFuzzer programs (clang, own build folder)
	$(MAKE) BUILD=$(BUILD)/fuzz CC=$(CLANG) SANITIZE="-fsanitize=fuzzer-no-link,address,undefined" fuzz-programs
.PHONY: fuzz-programs
fuzz-programs: $(FUZZERS)

.PHONY: unit
unit: $(UNITS) ## build and run the unit tests
	@set -e; for t in $(UNITS); do $$t; done

.PHONY: unit-programs bpf-programs
unit-programs: $(UNITS)
bpf-programs: $(BPFTESTS)

.PHONY: check
check: ## run every test (as root): ./tools/test
	./tools/test

.PHONY: asan
asan: ## build everything with address and undefined sanitizers under $(BUILD)/asan
	$(MAKE) BUILD=$(BUILD)/asan OPT="-O1 -g" SANITIZE="-fsanitize=address,undefined -fno-omit-frame-pointer" tests

.PHONY: layers
layers: ## check who includes whom
	./tools/check-layers

# ---- install ---------------------------------------------------------------------------------------------------------
.PHONY: install
install: programs ## install under $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(SYSCONF)/leat \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 0755 $(BUILD)/leatd $(DESTDIR)$(PREFIX)/sbin/leatd
	install -m 0755 $(BUILD)/leatctl $(DESTDIR)$(PREFIX)/bin/leatctl
	$(BUILD)/leatctl completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/leatctl
	install -m 0755 $(BUILD)/leat-target $(DESTDIR)$(PREFIX)/sbin/leat-target
	$(BUILD)/leat-target completion > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/leat-target
	install -d $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/man/man5
	for m in user/programs/*.8; do install -m 0644 $$m $(DESTDIR)$(PREFIX)/share/man/man8/; done
	for m in user/conf/*.5; do install -m 0644 $$m $(DESTDIR)$(PREFIX)/share/man/man5/; done
	test -e $(DESTDIR)$(SYSCONF)/leat/leatd.yaml || \
		install -m 0644 user/programs/leatd.yaml $(DESTDIR)$(SYSCONF)/leat/leatd.yaml

.PHONY: clean
clean: ## remove $(BUILD)
	rm -rf $(BUILD)

.PHONY: help
help: ## this text
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo "  variables: BUILD=$(BUILD) PREFIX=$(PREFIX) DESTDIR= CC=$(CC) CLANG=$(CLANG) WERROR=$(WERROR) (WERROR= to allow warnings) V=1 (show commands)"

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
