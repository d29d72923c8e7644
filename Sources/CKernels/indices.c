#include "ckernels.h"
#include "multiversion.h"

// Without a branch per entry: the places where an index is not above the one before it are counted, and those of them that begin a line, where that
// is allowed.
CK_CLONES int ck_indices_fit(size_t first, size_t last, const ptrdiff_t *pointers, const int32_t *indices,
                             int32_t length) {
  ptrdiff_t start = pointers[first], end = pointers[last], descents = 0;
  uint32_t outside = 0;
  // A block has fewer entries than 32 bits count.
  for (ptrdiff_t k = start; k < end;) {
    ptrdiff_t stop = end - k < 65536 ? end : k + 65536;
    int32_t found = 0;
    if (k == start) outside |= (uint32_t)indices[k] >= (uint32_t)length, k++;
    for (; k < stop; k++) {
      found += indices[k] <= indices[k - 1];
      outside |= (uint32_t)indices[k] >= (uint32_t)length;
    }
    descents += found;
  }
  if (outside) return 0;
  for (size_t i = first; i < last; i++) {
    ptrdiff_t k = pointers[i];
    if (k > start && k < pointers[i + 1]) descents -= indices[k] <= indices[k - 1];
  }
  return descents == 0;
}
