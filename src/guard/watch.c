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
  const struct Guard* guard = argument;
  int fd = open(guard->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return NULL;
  bool seen = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  while (seen && flock(fd, LOCK_SH) != 0)
    if (errno != EINTR) seen = false;
  close(fd);  // and the lock goes: another supervisor may want it
  if (!seen) return NULL;
  KillAll(guard);
  _exit(128 + SIGKILL);
}

void WatchSupervisor(struct Guard* guard) {
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  (void)pthread_create(&thread, &attributes, Watch, guard);
}
