#include "ckernels.h"
#if defined(__GLIBC__)
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

void ck_keep_freed_memory(void) {
#if defined(__GLIBC__)
  // The heap grows by so much at once.
  const size_t room = (size_t)64 << 20;
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, (int)room);
#if defined(MADV_HUGEPAGE)
  // Pages of 2 MiB where the system has them: the first touch of a heap of 20 MiB took 5000 faults, a seventh of a short command's time.
  // A request that what the heap has does not meet makes it grow; where it cannot, nothing is lost.
  void *request = malloc((size_t)4 << 20);
  const uintptr_t page = (size_t)2 << 20, end = (uintptr_t)sbrk(0), start = ((uintptr_t)request + page - 1) / page * page;
  if (request && start < end && end - start <= 2 * room) madvise((void *)start, (end - start) / page * page, MADV_HUGEPAGE);
  free(request);
#endif
#endif
}
