/*
 * A disk that can be told to misbehave, and remembers what was asked of it: put before the relay with LD_PRELOAD, compiled when a trial needs it.
 * It sees calls on files under SHIM_FOLDER only.
 *
 * SHIM_CONTROL: a file of 64-bit words, mapped; the trial writes them, the shim reads them at every call (and counts in word 8 and up):
 *   0 which calls fail: bits 1 write, 2 sync, 4 truncate     1 how many calls of those kinds still go well first
 *   2 errno, or 0 for half of a write                        3 how many fail then (-1: all)
 *   4 bytes of growth that files may still have (-1: any)    5 microseconds that every sync waits
 *   8 writes seen    9 syncs seen    10 calls failed
 * SHIM_TRACE: every change in the order in which it happened, for building what a power cut would leave:
 *   u32 kind (1 open, 2 write, 3 truncate, 4 sync, 5 rename, 6 unlink, 7 a sync that failed), u32 path length, u64 offset or size, u32 data length, path, data.
 * The shared-memory file of SQLite is left alone: it does not survive a power cut.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES_MAX 65536
enum { OPEN = 1, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, FAILED_SYNC };
enum { FAIL_WRITE = 1, FAIL_SYNC = 2, FAIL_TRUNCATE = 4 };

static char *paths[FILES_MAX];
static ino_t inodes[FILES_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int64_t *control;
static int trace = -1;
static const char *folder;
static size_t folder_length;

__attribute__((constructor)) static void begin(void) {
  folder = getenv("SHIM_FOLDER");
  folder_length = folder ? strlen(folder) : 0;
  const char *name = getenv("SHIM_CONTROL");
  if (name) {
    int fd = syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC, 0);
    if (fd >= 0) {
      void *at = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (at != MAP_FAILED) control = at;
    }
  }
  name = getenv("SHIM_TRACE");
  if (name) trace = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_ours(const char *path) {
  if (!folder || strncmp(path, folder, folder_length) != 0) return 0;
  size_t length = strlen(path);
  return !(length > 4 && strcmp(path + length - 4, "-shm") == 0) && !strstr(path, "lock");
}
/* libuv closes by system call, which is not seen here: a number may be somebody else's by now. */
static const char *path_of(int fd) {
  struct stat now;
  if (fd < 0 || fd >= FILES_MAX || !paths[fd] || fstat(fd, &now) != 0 || now.st_ino != inodes[fd]) return NULL;
  return S_ISREG(now.st_mode) || S_ISDIR(now.st_mode) ? paths[fd] : NULL;
}

/* Called under the lock, after the change was made: no two records are out of order. */
static void put(uint32_t kind, const char *path, uint64_t place, const void *data, uint32_t length) {
  if (trace < 0) return;
  uint32_t path_length = strlen(path);
  char head[20];
  memcpy(head, &kind, 4);
  memcpy(head + 4, &path_length, 4);
  memcpy(head + 8, &place, 8);
  memcpy(head + 16, &length, 4);
  struct iovec parts[3] = {{head, 20}, {(void *)path, path_length}, {(void *)data, length}};
  syscall(SYS_writev, trace, parts, length ? 3 : 2);
}

/* Out: 0 to go on, else what goes wrong: an errno, or -1 for half a write. Under the lock. */
static int fault(int64_t kind) {
  if (!control) return 0;
  if (kind == FAIL_WRITE) control[8]++;
  if (kind == FAIL_SYNC) control[9]++;
  if (!(control[0] & kind)) return 0;
  if (control[1] > 0) {
    control[1]--;
    return 0;
  }
  if (control[3] == 0) return 0;
  if (control[3] > 0) control[3]--;
  control[10]++;
  if (control[2] == 0) return kind == FAIL_WRITE ? -1 : EIO;
  return (int)control[2];
}
/* Room for a write that makes a file longer. */
static int is_full(int fd, int64_t end) {
  struct stat now;
  if (!control || control[4] < 0 || fstat(fd, &now) != 0 || end <= now.st_size) return 0;
  int64_t growth = end - now.st_size;
  if (growth > control[4]) {
    control[10]++;
    return 1;
  }
  control[4] -= growth;
  return 0;
}

static void remember(int fd, const char *path, int flags) {
  if (fd < 0 || fd >= FILES_MAX) return;
  char whole[4096];
  if (path[0] != '/') {
    if (!getcwd(whole, sizeof whole)) return;
    strncat(whole, "/", sizeof whole - strlen(whole) - 1);
    strncat(whole, path, sizeof whole - strlen(whole) - 1);
    path = whole;
  }
  pthread_mutex_lock(&lock);
  free(paths[fd]);
  paths[fd] = is_ours(path) ? strdup(path) : NULL;
  struct stat now;
  inodes[fd] = fstat(fd, &now) == 0 ? now.st_ino : 0;
  if (paths[fd] && (flags & O_CREAT)) put(OPEN, path, 0, NULL, 0);
  if (paths[fd] && (flags & O_TRUNC)) put(TRUNCATE, path, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
}

typedef int (*opener)(const char *, int, ...);
#define OPENER(name)                                         \
  int name(const char *path, int flags, ...) {               \
    static opener real;                                      \
    if (!real) real = (opener)dlsym(RTLD_NEXT, #name);       \
    mode_t mode = 0;                                         \
    if (flags & (O_CREAT | __O_TMPFILE)) {                   \
      va_list rest;                                          \
      va_start(rest, flags);                                 \
      mode = va_arg(rest, mode_t);                           \
      va_end(rest);                                          \
    }                                                        \
    int fd = real(path, flags, mode);                        \
    int kept = errno;                                        \
    remember(fd, path, flags);                               \
    errno = kept;                                            \
    return fd;                                               \
  }
OPENER(open)
OPENER(open64)

int close(int fd) {
  static int (*real)(int);
  if (!real) real = dlsym(RTLD_NEXT, "close");
  if (fd >= 0 && fd < FILES_MAX && paths[fd]) {
    pthread_mutex_lock(&lock);
    free(paths[fd]);
    paths[fd] = NULL;
    pthread_mutex_unlock(&lock);
  }
  return real(fd);
}

static ssize_t written(int fd, const void *data, size_t length, off64_t offset, int has_offset) {
  const char *path = path_of(fd);
  if (!path) return has_offset ? syscall(SYS_pwrite64, fd, data, length, offset) : syscall(SYS_write, fd, data, length);
  pthread_mutex_lock(&lock);
  if (!has_offset) offset = lseek(fd, 0, SEEK_CUR);
  int wrong = fault(FAIL_WRITE);
  if (wrong == 0 && is_full(fd, offset + (int64_t)length)) wrong = ENOSPC;
  ssize_t done = -1;
  int error = wrong;
  if (wrong <= 0) {
    size_t part = wrong == -1 ? length / 2 : length;
    done = has_offset ? syscall(SYS_pwrite64, fd, data, part, offset) : syscall(SYS_write, fd, data, part);
    error = errno;
    if (done > 0) put(WRITE, path, offset, data, done);
  }
  pthread_mutex_unlock(&lock);
  if (done < 0) errno = error;
  return done;
}
ssize_t write(int fd, const void *data, size_t length) { return written(fd, data, length, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return written(fd, data, length, offset, 1); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) { return written(fd, data, length, offset, 1); }

static int synced(int fd, long call) {
  const char *path = path_of(fd);
  if (!path) return syscall(call, fd);
  if (control && control[5] > 0) usleep(control[5]);
  pthread_mutex_lock(&lock);
  int wrong = fault(FAIL_SYNC);
  int done = -1;
  if (wrong == 0) {
    done = syscall(call, fd);
    if (done == 0) put(SYNC, path, 0, NULL, 0);
  } else put(FAILED_SYNC, path, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  if (wrong) errno = wrong == -1 ? EIO : wrong;
  return done;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int truncated(int fd, off64_t size) {
  const char *path = path_of(fd);
  if (!path) return syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&lock);
  int wrong = fault(FAIL_TRUNCATE);
  int done = -1;
  if (wrong == 0) {
    done = syscall(SYS_ftruncate, fd, size);
    if (done == 0) put(TRUNCATE, path, size, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  if (wrong) errno = wrong == -1 ? EIO : wrong;
  return done;
}
int ftruncate(int fd, off_t size) { return truncated(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncated(fd, size); }

int rename(const char *from, const char *to) {
  pthread_mutex_lock(&lock);
  int done = syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
  int kept = errno;
  if (done == 0 && is_ours(from)) put(RENAME, from, 0, to, strlen(to));
  pthread_mutex_unlock(&lock);
  errno = kept;
  return done;
}
int unlink(const char *path) {
  pthread_mutex_lock(&lock);
  int done = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  int kept = errno;
  if (done == 0 && is_ours(path)) put(UNLINK, path, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = kept;
  return done;
}
