// zlib, with its initialiser as a function: `inflateInit2` is a macro, which Swift cannot import.
#ifndef IMPLICITDIFF_CZLIB_H
#define IMPLICITDIFF_CZLIB_H

#include <zlib.h>

/// Prepares to inflate gzip members, their CRC and length checked.
static inline int czlib_inflate_init_gzip(z_stream *stream) {
  return inflateInit2(stream, 16 + MAX_WBITS);
}

/// Prepares to inflate what has neither header nor checksum, as in zip archives.
static inline int czlib_inflate_init_raw(z_stream *stream) {
  return inflateInit2(stream, -MAX_WBITS);
}

#endif
