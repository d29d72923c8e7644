#include "cprocessstart.h"
#include <stdlib.h>
#include <string.h>

// OpenBLAS starts a thread for every processor when it is loaded, which a program that asks for threads where they pay has no use for: it would end them
// at once. Where OpenBLAS is linked in, this runs before its own constructors do, which then find one thread asked for and start none. As a shared library
// it has started before, and this comes too late to do anything. What the user has set stays.
//
// The environment has no room for another entry and must not move, since Swift finds the program's arguments by where the system has put it: so one that
// nothing reads before main gives its place until then.
#if defined(__linux__)
extern char **environ;
static char **borrowed, *lender;

__attribute__((constructor(101))) static void start_with_one_thread(void) {
  static const char *const unread[] = {"PWD=", "OLDPWD=", "SHLVL=", "HOME=", "PATH=", "_="};
  if (!environ || getenv("OPENBLAS_NUM_THREADS")) return;
  for (size_t name = 0; name < sizeof unread / sizeof *unread; name++)
    for (char **entry = environ; *entry; entry++)
      if (strncmp(*entry, unread[name], strlen(unread[name])) == 0) {
        borrowed = entry;
        lender = *entry;
        *entry = "OPENBLAS_NUM_THREADS=1";
        return;
      }
}

void process_has_started(void) {
  if (borrowed) *borrowed = lender;
  borrowed = NULL;
}
#else
void process_has_started(void) {}
#endif
