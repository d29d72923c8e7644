#include "allocation_counter.h"
#include <stddef.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__linux__)
#include <features.h>
#endif

#if defined(__GLIBC__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

#include <errno.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static __thread uint64_t count __attribute__((tls_model("initial-exec")));

void *malloc(size_t n) { count++; return __libc_malloc(n); }
void *calloc(size_t n, size_t size) { count++; return __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { count++; return __libc_realloc(p, n); }
void *memalign(size_t alignment, size_t n) { count++; return __libc_memalign(alignment, n); }
void *aligned_alloc(size_t alignment, size_t n) { count++; return __libc_memalign(alignment, n); }
int posix_memalign(void **out, size_t alignment, size_t n) {
  count++;
  void *p = __libc_memalign(alignment, n);
  if (!p) return ENOMEM;
  *out = p;
  return 0;
}

int allocation_counter_available(void) { return 1; }
uint64_t allocation_counter_value(void) { return count; }

#else

int allocation_counter_available(void) { return 0; }
uint64_t allocation_counter_value(void) { return 0; }

#endif
