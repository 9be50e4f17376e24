/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walls around the engine: the folders it can reach and the system calls it can make. Not for a
 * process that was not started as root: that one is a test, and may be anywhere.
 */
#ifndef PRIV_WALLS_H
#define PRIV_WALLS_H

struct conf;

/*
 * Only files below hvd's own folders can be opened from here on, and /proc and the folder of
 * 'conf_path' for reading. A kernel without Landlock has no such wall: then this only says so.
 */
int walls_enter_folders(const struct conf *conf, const char *conf_path);

/*
 * No system calls but those of a loop over sockets and files, no new executable memory, and of devices
 * the ioctls for event channels and for pages of guests. What is refused fails with EPERM; what only an
 * intruder would try (execve, fork, ptrace ...) ends the process, and with it both halves.
 */
int walls_filter_calls(void);

#endif
