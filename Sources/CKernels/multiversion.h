// One body, several processor generations: the loader binds the best clone. The thread sanitizer crashes on the clones'
// resolvers, and other platforms have no such loader; there the baseline body alone is built.
#ifndef IMPLICITDIFF_MULTIVERSION_H
#define IMPLICITDIFF_MULTIVERSION_H

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define CK_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CK_CLONES
#endif

#endif
