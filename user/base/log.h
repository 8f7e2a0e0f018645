/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines: one complete line a state change, "area: sentence", to stderr (journald and a file
 * both take that from there).
 *
 *     health: target 'web/10.0.0.1:80' healthy -> unhealthy (connect timeout, 3/3, 5002 ms)
 *
 * With a terminal or LEAT_LOG_TIME=1 each line starts with an RFC 3339 time in milliseconds; under
 * systemd (JOURNAL_STREAM set) lines start with the <N> priority prefix instead. Never logs
 * packets, requests or secrets.
 */
#ifndef LEAT_BASE_LOG_H
#define LEAT_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above `level` are dropped. Default: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Rate limit for a line that may repeat: struct embedded (static) by the caller; zero is ready to
 * use. Returns true when the line may be written now (at most one in `interval_ms`); *suppressed
 * then tells how many were swallowed since the last one. */
struct log_limit {
	unsigned long long last_ms;
	unsigned long long swallowed;
};
int log_limit_pass(struct log_limit *limit, unsigned interval_ms, unsigned long long *suppressed);

#endif
