// CBLAS and LAPACKE of OpenBLAS as one Clang module.
//
// LAPACKE's complex types are C99 `_Complex`, which Swift cannot import, and its integer is a macro, which Swift cannot
// import either. Defining both before the headers are read makes every prototype visible to Swift: integers as Int32 and
// complex numbers as plain structs of two reals (the layout that C guarantees for `_Complex`).
#ifndef IMPLICITDIFF_CLAPACK_H
#define IMPLICITDIFF_CLAPACK_H

#include <stdint.h>

typedef int32_t clapack_int;
#define lapack_int clapack_int

typedef struct { float real, imag; } clapack_complex_float;
typedef struct { double real, imag; } clapack_complex_double;
#define LAPACK_COMPLEX_CUSTOM
#define lapack_complex_float clapack_complex_float
#define lapack_complex_double clapack_complex_double

#include <cblas.h>
#include <lapacke.h>

// What OpenBLAS does itself before a fork: its threads end, and are started anew when a call is to use them. It is missing from an
// OpenBLAS that was built without threads, and no header declares it.
#if defined(__linux__)
extern int blas_thread_shutdown_(void) __attribute__((weak));

static inline void clapack_end_threads(void) {
  if (blas_thread_shutdown_) blas_thread_shutdown_();
}
#else
static inline void clapack_end_threads(void) {}
#endif

#endif
