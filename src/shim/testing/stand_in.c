// Stands in for the executor: what a test writes into the FIFO "to" goes to the shim, what the shim
// says goes into the FIFO "from", one message a line. First it says "HELLO <pid>". "exit" ends it
// with status 0.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void Pass(int from, const char* text) {
  if (write(from, text, strlen(text)) < 0) _exit(3);
}

static void Forward(char* lines) {
  for (char* line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    if (strcmp(line, "exit") == 0) _exit(0);
    if (write(3, line, strlen(line)) < 0) _exit(3);
  }
}

int main(int argc, char** argv) {
  char path[4096];
  if (argc < 2) return 2;
  snprintf(path, sizeof path, "%s/to", argv[1]);
  int to = open(path, O_RDWR | O_CLOEXEC);
  snprintf(path, sizeof path, "%s/from", argv[1]);
  int from = open(path, O_RDWR | O_CLOEXEC);
  if (to < 0 || from < 0) return 2;
  char text[512];
  snprintf(text, sizeof text, "HELLO %d\n", (int)getpid());
  Pass(from, text);
  for (;;) {
    struct pollfd fds[2] = {{.fd = 3, .events = POLLIN}, {.fd = to, .events = POLLIN}};
    poll(fds, 2, -1);
    if (fds[0].revents != 0) {
      ssize_t n = read(3, text, sizeof text - 2);
      if (n <= 0) return 4;
      text[n] = '\n';
      text[n + 1] = '\0';
      Pass(from, text);
    }
    if (fds[1].revents != 0) {
      ssize_t n = read(to, text, sizeof text - 1);
      if (n <= 0) return 5;
      text[n] = '\0';
      Forward(text);
    }
  }
}
