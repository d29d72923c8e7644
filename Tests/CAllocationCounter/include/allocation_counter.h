// Counts every heap allocation of the calling thread by standing in front of glibc's malloc family.
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H
#include <stdint.h>

/// Whether counting works in this build (glibc, no sanitizer that owns malloc itself).
int allocation_counter_available(void);
/// Allocations of the calling thread since it started.
uint64_t allocation_counter_value(void);
#endif
