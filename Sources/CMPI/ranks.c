#ifdef WITH_MPI

#include "cmpi.h"
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

static int64_t longest = INT32_MAX;

void cmpi_set_longest_message(int64_t count) { longest = count; }

static MPI_Datatype type_of(int32_t type) {
  switch (type) {
  case cmpi_float: return MPI_FLOAT;
  case cmpi_double: return MPI_DOUBLE;
  case cmpi_int64: return MPI_INT64_T;
  default: return MPI_BYTE;
  }
}

static int64_t size_of(int32_t type) { return type == cmpi_float ? 4 : type == cmpi_byte ? 1 : 8; }

static MPI_Op operation_of(int32_t operation) {
  return operation == cmpi_sum ? MPI_SUM : operation == cmpi_max ? MPI_MAX : MPI_MIN;
}

int32_t cmpi_is_available(void) { return 1; }

int32_t cmpi_start(int32_t *is_serialized) {
  int provided = MPI_THREAD_SINGLE;
  int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
  *is_serialized = provided >= MPI_THREAD_SERIALIZED;
  // Errors come back as codes: they end in a message of this program.
  if (code == MPI_SUCCESS) code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  return code;
}

int32_t cmpi_end(void) { return MPI_Finalize(); }
void cmpi_abort(int32_t code) { MPI_Abort(MPI_COMM_WORLD, code); }
cmpi_comm cmpi_world(void) { return MPI_Comm_c2f(MPI_COMM_WORLD); }

int32_t cmpi_rank(cmpi_comm comm) {
  int rank = 0;
  MPI_Comm_rank(MPI_Comm_f2c(comm), &rank);
  return rank;
}

int32_t cmpi_size(cmpi_comm comm) {
  int size = 1;
  MPI_Comm_size(MPI_Comm_f2c(comm), &size);
  return size;
}

int32_t cmpi_split(cmpi_comm comm, int32_t color, cmpi_comm *part) {
  MPI_Comm made = MPI_COMM_NULL;
  int code = MPI_Comm_split(MPI_Comm_f2c(comm), color, cmpi_rank(comm), &made);
  *part = MPI_Comm_c2f(made);
  return code;
}

int32_t cmpi_free(cmpi_comm *comm) {
  MPI_Comm made = MPI_Comm_f2c(*comm);
  return MPI_Comm_free(&made);
}

void cmpi_error(int32_t code, char *text, int32_t capacity) {
  char full[MPI_MAX_ERROR_STRING];
  int length = 0;
  if (MPI_Error_string(code, full, &length) != MPI_SUCCESS) length = 0;
  if (length > capacity - 1) length = capacity - 1;
  memcpy(text, full, length);
  text[length] = 0;
}

int32_t cmpi_barrier(cmpi_comm comm) { return MPI_Barrier(MPI_Comm_f2c(comm)); }

int32_t cmpi_allreduce(cmpi_comm comm, void *data, int64_t count, int32_t type, int32_t operation) {
  char *next = data;
  int code = MPI_SUCCESS;
  for (int64_t left = count; left > 0 && code == MPI_SUCCESS;) {
    int64_t part = left < longest ? left : longest;
    code = MPI_Allreduce(
      MPI_IN_PLACE, next, (int)part, type_of(type), operation_of(operation), MPI_Comm_f2c(comm));
    next += part * size_of(type);
    left -= part;
  }
  return code;
}

int32_t cmpi_broadcast(cmpi_comm comm, void *data, int64_t count, int32_t type, int32_t root) {
  char *next = data;
  int code = MPI_SUCCESS;
  for (int64_t left = count; left > 0 && code == MPI_SUCCESS;) {
    int64_t part = left < longest ? left : longest;
    code = MPI_Bcast(next, (int)part, type_of(type), root, MPI_Comm_f2c(comm));
    next += part * size_of(type);
    left -= part;
  }
  return code;
}

/// One message from `from` to `to`, in parts.
static int transfer(cmpi_comm comm, char *data, int64_t count, int32_t type, int32_t from, int32_t to) {
  int32_t rank = cmpi_rank(comm);
  int code = MPI_SUCCESS;
  while (count > 0 && code == MPI_SUCCESS) {
    int64_t part = count < longest ? count : longest;
    if (rank == from)
      code = MPI_Send(data, (int)part, type_of(type), to, 0, MPI_Comm_f2c(comm));
    else if (rank == to)
      code = MPI_Recv(data, (int)part, type_of(type), from, 0, MPI_Comm_f2c(comm), MPI_STATUS_IGNORE);
    data += part * size_of(type);
    count -= part;
  }
  return code;
}

/// Counts and places as 32 bits hold them, in memory that is kept from one message to the next; 0 where the sum is longer than a message may be.
static int narrow(const int64_t *wide, int32_t ranks, int **counts, int **places) {
  static int *kept = NULL;
  static int32_t room = 0;
  int64_t sum = 0;
  for (int32_t k = 0; k < ranks; k++) sum += wide[k];
  if (sum > longest) return 0;
  if (room < ranks) {
    kept = realloc(kept, 2 * (size_t)ranks * sizeof(int));
    room = ranks;
  }
  *counts = kept;
  *places = kept + ranks;
  int place = 0;
  for (int32_t k = 0; k < ranks; k++) {
    (*counts)[k] = (int)wide[k];
    (*places)[k] = place;
    place += (int)wide[k];
  }
  return 1;
}

int32_t cmpi_allgather(cmpi_comm comm, void *data, const int64_t *counts, int32_t type) {
  int32_t ranks = cmpi_size(comm);
  int *parts, *places;
  if (narrow(counts, ranks, &parts, &places))
    return MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, data, parts, places, type_of(type), MPI_Comm_f2c(comm));
  char *next = data;
  int32_t code = MPI_SUCCESS;
  for (int32_t k = 0; k < ranks && code == MPI_SUCCESS; k++) {
    code = cmpi_broadcast(comm, next, counts[k], type, k);
    next += counts[k] * size_of(type);
  }
  return code;
}

/// Between `root` and each of the others in turn.
static int32_t between(
  cmpi_comm comm, char *data, const int64_t *counts, int32_t type, int32_t root, int from_root) {
  int32_t ranks = cmpi_size(comm);
  int32_t code = MPI_SUCCESS;
  for (int32_t k = 0; k < ranks && code == MPI_SUCCESS; k++) {
    if (k != root) code = transfer(comm, data, counts[k], type, from_root ? root : k, from_root ? k : root);
    data += counts[k] * size_of(type);
  }
  return code;
}

int32_t cmpi_gather(cmpi_comm comm, void *data, const int64_t *counts, int32_t type, int32_t root) {
  return between(comm, data, counts, type, root, 0);
}

int32_t cmpi_scatter(cmpi_comm comm, void *data, const int64_t *counts, int32_t type, int32_t root) {
  return between(comm, data, counts, type, root, 1);
}

struct cmpi_request {
  int64_t count;
  MPI_Request parts[];
};

int32_t cmpi_begin_allreduce(
  cmpi_comm comm, void *data, int64_t count, int32_t type, int32_t operation, cmpi_request **request) {
  int64_t parts = (count + longest - 1) / longest;
  cmpi_request *made = malloc(sizeof *made + parts * sizeof(MPI_Request));
  made->count = 0;
  char *next = data;
  int code = MPI_SUCCESS;
  for (int64_t left = count; left > 0 && code == MPI_SUCCESS;) {
    int64_t part = left < longest ? left : longest;
    code = MPI_Iallreduce(
      MPI_IN_PLACE, next, (int)part, type_of(type), operation_of(operation), MPI_Comm_f2c(comm),
      &made->parts[made->count]);
    if (code == MPI_SUCCESS) made->count++;
    next += part * size_of(type);
    left -= part;
  }
  *request = made;
  return code;
}

int32_t cmpi_wait(cmpi_request *request) {
  int code = MPI_SUCCESS;
  for (int64_t k = 0; k < request->count; k++) {
    int one = MPI_Wait(&request->parts[k], MPI_STATUS_IGNORE);
    if (code == MPI_SUCCESS) code = one;
  }
  free(request);
  return code;
}

#endif
