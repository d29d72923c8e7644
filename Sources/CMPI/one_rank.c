#ifndef WITH_MPI

// One rank: what it has is what all have.
#include "cmpi.h"
#include <stdlib.h>

int32_t cmpi_is_available(void) { return 0; }
int32_t cmpi_start(int32_t *is_serialized) {
  *is_serialized = 1;
  return 0;
}
int32_t cmpi_end(void) { return 0; }
void cmpi_abort(int32_t code) { _Exit(code); }
cmpi_comm cmpi_world(void) { return 0; }
int32_t cmpi_rank(cmpi_comm comm) { return 0; }
int32_t cmpi_size(cmpi_comm comm) { return 1; }
int32_t cmpi_split(cmpi_comm comm, int32_t color, cmpi_comm *part) {
  *part = comm;
  return 0;
}
int32_t cmpi_free(cmpi_comm *comm) { return 0; }
void cmpi_error(int32_t code, char *text, int32_t capacity) { text[0] = 0; }
int32_t cmpi_barrier(cmpi_comm comm) { return 0; }
int32_t cmpi_allreduce(cmpi_comm comm, void *data, int64_t count, int32_t type, int32_t operation) { return 0; }
int32_t cmpi_broadcast(cmpi_comm comm, void *data, int64_t count, int32_t type, int32_t root) { return 0; }
int32_t cmpi_allgather(cmpi_comm comm, void *data, const int64_t *counts, int32_t type) { return 0; }
int32_t cmpi_gather(cmpi_comm comm, void *data, const int64_t *counts, int32_t type, int32_t root) { return 0; }
int32_t cmpi_scatter(cmpi_comm comm, void *data, const int64_t *counts, int32_t type, int32_t root) { return 0; }
int32_t cmpi_begin_allreduce(
  cmpi_comm comm, void *data, int64_t count, int32_t type, int32_t operation, cmpi_request **request) {
  *request = NULL;
  return 0;
}
int32_t cmpi_wait(cmpi_request *request) { return 0; }
void cmpi_set_longest_message(int64_t count) {}

#endif
