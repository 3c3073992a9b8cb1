#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

#include "guard.h"

enum { kStackBytes = 65536 };

void KillAll(const struct Guard* guard) {
  if (guard->first) {
    kill(-1, SIGKILL);
  } else if (guard->script > 0) {
    kill(-guard->script, SIGKILL);
  }
}

static void* Watch(void* argument) {
  struct Guard* guard = argument;
  bool seen = true;
  while (seen && flock(guard->watched, LOCK_SH) != 0)
    if (errno != EINTR) seen = false;
  close(guard->watched);  // and the lock goes: another supervisor may want it
  if (!seen) return NULL;
  atomic_store(&guard->lost, true);
  KillAll(guard);
  _exit(128 + SIGKILL);
}

void SeeSupervisor(struct Guard* guard) {
  int fd = open(guard->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool seen = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  guard->watched = seen ? fd : -1;
  if (fd >= 0 && !seen) close(fd);
}

void WatchSupervisor(struct Guard* guard) {
  if (guard->watched < 0) return;
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  (void)pthread_create(&thread, &attributes, Watch, guard);
}
