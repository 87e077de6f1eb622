// SPDX-License-Identifier: Apache-2.0
// Preloaded, it is a disk under the state directory that loses power: what was not synced is then on it or not, at random,
// each 512 bytes for themselves, and the process ends with 99. What was synced stays.
//
//   POWER_LOSS_DIRECTORY   the state directory, absolute
//   POWER_LOSS_ASIDE       an empty directory on the same file system, for files that may come back
//   POWER_LOSS_SEED        of the course
//   POWER_LOSS_AFTER       so many operations until the power is lost; 0: never
//   POWER_LOSS_SYNCS       which are counted from the so-manieth sync on
//   POWER_LOSS_ONCE_THERE  a file: they are counted once it is there; none: from the beginning
//   POWER_LOSS_CHANCE      percent of what is in doubt that is lost; none: any
//   POWER_LOSS_DISHONEST   1: a disk that says that it has synced, and has not
//
// Writes go through to the files, as to the kernel's cache. Beside them stands what is certainly on the disk: each file's
// bytes as of its last sync, or as of some moment after it. Names are certain once the directory is synced; those that are
// not are lost from some operation on, the same for all when there was a renaming, as in a file system with a journal. The
// memory that SQLite's processes share (-shm) may come back as anything.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SECTOR = 512, MOST_DESCRIPTORS = 4096, MOST_CHANGES = 4096, LOST = 99 };

typedef struct File {
    struct File* next;
    ino_t number;
    unsigned char* certain;  // the bytes on the disk
    unsigned char* dirty;    // one for each sector: changed since
    size_t room;             // for how many bytes both have room, whole sectors
    size_t certain_size;
} File;

// Of the directory, since it was synced.
typedef struct {
    enum { CREATED, REMOVED, RENAMED } what;
    char name[256], to[256];
    int kept;  // the number under which what went stands aside; 0: nothing
} Change;

static File* files;
static File* opened[MOST_DESCRIPTORS];
static char is_directory[MOST_DESCRIPTORS];
static Change changes[MOST_CHANGES];
static int change_count, kept_count;
static char directory[4096], aside[4096];
static const char* once_there;
static unsigned long long seed, after, syncs_before, operations, syncs;
static int dishonest;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(#name))
static void* real(const char* name) {
    void* const found = dlsym(RTLD_NEXT, name);
    if (found == NULL) abort();
    return found;
}

static unsigned long long number_of(const char* name) {
    const char* const text = getenv(name);
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

__attribute__((constructor)) static void begin(void) {
    const char* const where = getenv("POWER_LOSS_DIRECTORY");
    const char* const beside = getenv("POWER_LOSS_ASIDE");
    if (where == NULL || beside == NULL) return;
    snprintf(directory, sizeof directory, "%s", where);
    snprintf(aside, sizeof aside, "%s", beside);
    seed = number_of("POWER_LOSS_SEED") * 0x9E3779B97F4A7C15ULL + 1;
    after = number_of("POWER_LOSS_AFTER");
    syncs_before = number_of("POWER_LOSS_SYNCS");
    once_there = getenv("POWER_LOSS_ONCE_THERE");
    dishonest = number_of("POWER_LOSS_DISHONEST") != 0;
}

// xorshift64*
static unsigned long long any(unsigned long long limit) {
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (seed * 0x2545F4914F6CDD1DULL >> 20) % limit;
}

// --- names

// Below the directory; NULL: it is another's business. Sockets and unnamed files are nobody's after a restart.
static const char* name_of(const char* path) {
    const size_t length = strlen(directory);
    if (length == 0 || path == NULL || strncmp(path, directory, length) != 0 || path[length] != '/') return NULL;
    const char* const name = path + length + 1;
    return strncmp(name, "keyshift.db", 11) == 0 || strcmp(name, "keyshift.lock") == 0 ? name : NULL;
}

static int is_shared_memory(const char* name) {
    const size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, "-shm") == 0;
}

static void path_of(char* out, const char* name) { snprintf(out, 8192, "%s/%s", directory, name); }
static void kept_path(char* out, int number) { snprintf(out, 8192, "%s/%d", aside, number); }

static Change* note_change(int what, const char* name, const char* to) {
    if (change_count == MOST_CHANGES) abort();
    Change* const change = &changes[change_count++];
    memset(change, 0, sizeof *change);
    change->what = what;
    snprintf(change->name, sizeof change->name, "%s", name);
    snprintf(change->to, sizeof change->to, "%s", to);
    return change;
}

static int keep(const char* path) {
    char kept[8192];
    kept_path(kept, kept_count + 1);
    return link(path, kept) == 0 ? ++kept_count : 0;
}

static void names_are_certain(void) {
    for (int i = 0; i < change_count; ++i) {
        char kept[8192];
        kept_path(kept, changes[i].kept);
        if (changes[i].kept != 0) REAL(unlink)(kept);
    }
    change_count = 0;
}

static void take_back(const Change* change) {
    char path[8192], to[8192], kept[8192];
    path_of(path, change->name);
    path_of(to, change->to);
    kept_path(kept, change->kept);
    if (change->what == CREATED) REAL(unlink)(path);
    if (change->what == RENAMED) REAL(rename)(to, path);
    if (change->kept != 0) REAL(rename)(kept, change->what == RENAMED ? to : path);
}

// How many were taken back.
static int lose_names(void) {
    int renamed = 0, lost = 0;
    for (int i = 0; i < change_count; ++i) renamed |= changes[i].what == RENAMED;
    const int cut = (int)any((unsigned long long)change_count + 1);
    char own[8] = {0};
    for (int i = 0; i < 8; ++i) own[i] = (char)any(2);
    for (int i = change_count - 1; i >= 0; --i) {
        // Without a renaming, each name has its own moment: all of its changes since are lost, or none.
        unsigned sum = 0;
        for (const char* at = changes[i].name; *at != 0; ++at) sum = sum * 31 + (unsigned char)*at;
        if (renamed ? i < cut : own[sum % 8] == 0) continue;
        take_back(&changes[i]);
        ++lost;
    }
    return lost;
}

// --- bytes

static File* file_of(ino_t number) {
    for (File* file = files; file != NULL; file = file->next)
        if (file->number == number) return file;
    return NULL;
}

static void make_room(File* file, size_t size) {
    const size_t room = (size + SECTOR) / SECTOR * SECTOR;
    if (room <= file->room) return;
    const size_t wanted = room * 2;
    file->certain = realloc(file->certain, wanted);
    file->dirty = realloc(file->dirty, wanted / SECTOR);
    if (file->certain == NULL || file->dirty == NULL) abort();
    memset(file->certain + file->room, 0, wanted - file->room);
    memset(file->dirty + file->room / SECTOR, 0, (wanted - file->room) / SECTOR);
    file->room = wanted;
}

static void read_sector(int descriptor, size_t sector, unsigned char* out) {
    memset(out, 0, SECTOR);
    if (pread(descriptor, out, SECTOR, (off_t)(sector * SECTOR)) < 0) abort();
}

static size_t size_of(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) == 0 ? (size_t)status.st_size : 0;
}

static File* follow(int descriptor, int created) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) return NULL;
    File* file = file_of(status.st_ino);
    if (file == NULL) {
        file = calloc(1, sizeof *file);
        if (file == NULL) abort();
        file->number = status.st_ino;
        file->next = files;
        files = file;
    } else if (!created) {
        return file;
    } else {  // the number of one that is gone
        memset(file->certain, 0, file->room);
        memset(file->dirty, 0, file->room / SECTOR);
    }
    // What was there before the process began survived whatever was before.
    const size_t size = created ? 0 : (size_t)status.st_size;
    make_room(file, size);
    file->certain_size = size;
    // Opened for writing alone, it could not be read: SQLite and keyshift open theirs for both.
    for (size_t sector = 0; sector * SECTOR < size; ++sector)
        read_sector(descriptor, sector, file->certain + sector * SECTOR);
    return file;
}

static void before_change(File* file, int descriptor, size_t from, size_t until) {
    make_room(file, until);
    for (size_t sector = from / SECTOR; sector * SECTOR < until; ++sector) {
        // The kernel may have written the former change meanwhile.
        if (file->dirty[sector] && any(2) == 0) {
            read_sector(descriptor, sector, file->certain + sector * SECTOR);
            const size_t size = size_of(descriptor);
            const size_t end = (sector + 1) * SECTOR < size ? (sector + 1) * SECTOR : size;
            if (file->certain_size < end) file->certain_size = end;
        }
        file->dirty[sector] = 1;
    }
}

static void is_synced(File* file, int descriptor) {
    const size_t size = size_of(descriptor);
    make_room(file, size);
    for (size_t sector = 0; sector * SECTOR < file->room; ++sector) {
        if (!file->dirty[sector]) continue;
        read_sector(descriptor, sector, file->certain + sector * SECTOR);
        file->dirty[sector] = 0;
    }
    file->certain_size = size;
}

// Leaves in the file what the disk has then; how many sectors were in doubt and how many of them are lost.
static void lose_bytes(File* file, int descriptor, unsigned chance, unsigned* doubtful, unsigned* lost) {
    const size_t now = size_of(descriptor);
    // A shortening alone: done or not. A growth: as far as the last sector that was written.
    size_t size = now < file->certain_size && any(2) == 0 ? now : file->certain_size;
    make_room(file, now);
    unsigned char sector_now[SECTOR];
    for (size_t sector = 0; sector * SECTOR < file->room; ++sector) {
        if (!file->dirty[sector]) continue;
        ++*doubtful;
        if (any(100) < chance || sector * SECTOR >= now) {
            ++*lost;
            continue;
        }
        read_sector(descriptor, sector, sector_now);
        memcpy(file->certain + sector * SECTOR, sector_now, SECTOR);
        const size_t end = (sector + 1) * SECTOR < now ? (sector + 1) * SECTOR : now;
        if (size < end) size = end;
    }
    if (REAL(ftruncate)(descriptor, 0) != 0 || REAL(pwrite)(descriptor, file->certain, size, 0) != (ssize_t)size) abort();
}

static void make_anything(int descriptor) {
    unsigned char page[SECTOR];
    const size_t size = size_of(descriptor);
    for (size_t at = 0; at < size; at += SECTOR) {
        if (any(2) == 0) continue;
        for (size_t i = 0; i < SECTOR; ++i) page[i] = (unsigned char)any(256);
        if (REAL(pwrite)(descriptor, page, SECTOR, (off_t)at) < 0) abort();
    }
}

static void lose_power(void) {
    static const unsigned chances[] = {0, 10, 50, 90, 100};
    const char* const wanted = getenv("POWER_LOSS_CHANCE");
    const unsigned chance = wanted != NULL ? (unsigned)atoi(wanted) : chances[any(5)];
    unsigned doubtful = 0, lost = 0;
    const int names = change_count, lost_names = lose_names();
    DIR* const listing = opendir(directory);
    for (struct dirent* entry = NULL; listing != NULL && (entry = readdir(listing)) != NULL;) {
        char path[8192];
        path_of(path, entry->d_name);
        if (name_of(path) == NULL) continue;
        const int descriptor = REAL(open)(path, O_RDWR | O_CLOEXEC);
        struct stat status;
        if (descriptor < 0 || fstat(descriptor, &status) != 0) abort();
        File* const file = file_of(status.st_ino);
        if (is_shared_memory(entry->d_name)) make_anything(descriptor);
        else if (file != NULL) lose_bytes(file, descriptor, chance, &doubtful, &lost);
    }
    dprintf(STDERR_FILENO, "power lost after %llu operations and %llu syncs: %u of %u sectors, %d of %d names\n",
            operations, syncs, lost, doubtful, lost_names, names);
    _exit(LOST);
}

static void count_operation(void) {
    if (syncs < syncs_before || (once_there != NULL && access(once_there, F_OK) != 0)) return;
    ++operations;
    if (after != 0 && operations >= after) lose_power();
}

// --- what the process calls

static File* tracked(int descriptor) {
    return descriptor >= 0 && descriptor < MOST_DESCRIPTORS ? opened[descriptor] : NULL;
}

static int open_any(const char* path, int flags, mode_t mode) {
    const char* const name = name_of(path);
    pthread_mutex_lock(&mutex);
    struct stat status;
    const int created = name != NULL && (flags & O_CREAT) != 0 && stat(path, &status) != 0;
    const int descriptor = REAL(open)(path, flags, mode);
    if (descriptor >= 0 && descriptor < MOST_DESCRIPTORS) {
        is_directory[descriptor] = directory[0] != 0 && strcmp(path, directory) == 0;
        opened[descriptor] = NULL;
        if (name != NULL && created) note_change(CREATED, name, "");
        if (name != NULL && !is_shared_memory(name) && (flags & O_ACCMODE) != O_WRONLY)
            opened[descriptor] = follow(descriptor, created);
        if (created) count_operation();
    }
    pthread_mutex_unlock(&mutex);
    return descriptor;
}

#define MODE(flags, mode)                                   \
    mode_t mode = 0;                                        \
    if (((flags) & (O_CREAT | __O_TMPFILE)) != 0) {         \
        va_list list;                                       \
        va_start(list, flags);                              \
        mode = va_arg(list, mode_t);                        \
        va_end(list);                                       \
    }

int open(const char* path, int flags, ...) {
    MODE(flags, mode)
    return open_any(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    MODE(flags, mode)
    return open_any(path, flags, mode);
}

int close(int descriptor) {
    pthread_mutex_lock(&mutex);
    if (descriptor >= 0 && descriptor < MOST_DESCRIPTORS) {
        opened[descriptor] = NULL;
        is_directory[descriptor] = 0;
    }
    const int result = REAL(close)(descriptor);
    pthread_mutex_unlock(&mutex);
    return result;
}

static ssize_t pwrite_any(int descriptor, const void* bytes, size_t size, off_t at) {
    File* const file = tracked(descriptor);
    if (file == NULL) return REAL(pwrite)(descriptor, bytes, size, at);
    pthread_mutex_lock(&mutex);
    before_change(file, descriptor, (size_t)at, (size_t)at + size);
    const ssize_t written = REAL(pwrite)(descriptor, bytes, size, at);
    count_operation();
    pthread_mutex_unlock(&mutex);
    return written;
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t at) { return pwrite_any(descriptor, bytes, size, at); }
ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off_t at) { return pwrite_any(descriptor, bytes, size, at); }

ssize_t write(int descriptor, const void* bytes, size_t size) {
    File* const file = tracked(descriptor);
    if (file == NULL) return REAL(write)(descriptor, bytes, size);
    pthread_mutex_lock(&mutex);
    const off_t at = lseek(descriptor, 0, SEEK_CUR);
    before_change(file, descriptor, (size_t)at, (size_t)at + size);
    const ssize_t written = REAL(write)(descriptor, bytes, size);
    count_operation();
    pthread_mutex_unlock(&mutex);
    return written;
}

static int ftruncate_any(int descriptor, off_t size) {
    File* const file = tracked(descriptor);
    if (file == NULL) return REAL(ftruncate)(descriptor, size);
    pthread_mutex_lock(&mutex);
    const size_t now = size_of(descriptor);
    before_change(file, descriptor, (size_t)size < now ? (size_t)size : now, (size_t)size < now ? now : (size_t)size);
    const int result = REAL(ftruncate)(descriptor, size);
    count_operation();
    pthread_mutex_unlock(&mutex);
    return result;
}

int ftruncate(int descriptor, off_t size) { return ftruncate_any(descriptor, size); }
int ftruncate64(int descriptor, off_t size) { return ftruncate_any(descriptor, size); }

static int sync_any(int descriptor, int result) {
    pthread_mutex_lock(&mutex);
    File* const file = tracked(descriptor);
    const int of_names = descriptor >= 0 && descriptor < MOST_DESCRIPTORS && is_directory[descriptor];
    if (file != NULL || of_names) {
        // Power that is lost before the sync is done.
        count_operation();
        if (!dishonest && file != NULL) is_synced(file, descriptor);
        if (!dishonest && of_names) names_are_certain();
        if (file != NULL) ++syncs;
    }
    pthread_mutex_unlock(&mutex);
    return result;
}

// The disk of the test itself need not be waited for.
int fsync(int descriptor) { return sync_any(descriptor, tracked(descriptor) == NULL ? REAL(fsync)(descriptor) : 0); }
int fdatasync(int descriptor) { return sync_any(descriptor, tracked(descriptor) == NULL ? REAL(fdatasync)(descriptor) : 0); }

int unlink(const char* path) {
    const char* const name = name_of(path);
    if (name == NULL) return REAL(unlink)(path);
    pthread_mutex_lock(&mutex);
    const int kept = keep(path);
    const int result = REAL(unlink)(path);
    if (result == 0) {
        note_change(REMOVED, name, "")->kept = kept;
        count_operation();
    }
    pthread_mutex_unlock(&mutex);
    return result;
}

int rename(const char* from, const char* to) {
    const char* const name = name_of(from);
    const char* const target = name_of(to);
    if (name == NULL || target == NULL) return REAL(rename)(from, to);
    pthread_mutex_lock(&mutex);
    const int kept = keep(to);
    const int result = REAL(rename)(from, to);
    if (result == 0) {
        note_change(RENAMED, name, target)->kept = kept;
        count_operation();
    }
    pthread_mutex_unlock(&mutex);
    return result;
}
