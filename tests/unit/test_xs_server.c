/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server in a real event loop: guests on shared pages (with a pretended hypervisor), hvd's own
 * access, and Debian's xenstore tools on the socket where they are installed.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#include <hvabi/control.h>

#include "evtchn.h"
#include "unit.h"
#include "xen_shim.h"
#include "xenstore/xs.h"

#define PORT 1

static struct event_base *base;
static struct evtchn_mux *mux;
static struct xs_server *srv;
static char folder[] = "/tmp/test_xs_XXXXXX", socket_path[64];

static void begin(void)
{
	strcpy(folder, "/tmp/test_xs_XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(socket_path, sizeof(socket_path), "%s/run/socket", folder);
	base = event_base_new();
	CU_ASSERT_EQUAL_FATAL(evtchn_mux_create(base, &mux), 0);
	CU_ASSERT_EQUAL_FATAL(xs_server_create(base, mux, socket_path, &srv), 0);
}

static void end(void)
{
	char run[64];

	xs_server_destroy(srv);
	evtchn_mux_destroy(mux);
	event_base_free(base);
	shim_fini();
	CU_ASSERT_NOT_EQUAL(access(socket_path, F_OK), 0);
	snprintf(run, sizeof(run), "%s/run", folder);
	rmdir(run);
	rmdir(folder);
}

/* Runs the loop until nothing is left to do. */
static void settle(void)
{
	unsigned int i;

	for (i = 0; i < 50; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* ---- a guest on its page ---- */

static struct xenstore_domain_interface *add_guest(uint16_t domid)
{
	char home[32];

	snprintf(home, sizeof(home), "/local/domain/%u", domid);
	CU_ASSERT_EQUAL(xs_mkdir(srv, home), 0);
	CU_ASSERT_EQUAL(xs_set_perms(srv, home, domid, 'n', 0), 0);
	CU_ASSERT_EQUAL_FATAL(xs_server_add_domain(srv, domid, PORT), 0);
	return shim_page(domid, HVABI_GRANT_XENSTORE);
}

static void guest_put(struct xenstore_domain_interface *page, const void *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		page->req[MASK_XENSTORE_IDX(page->req_prod++)] = ((const char *)bytes)[i];
}

static void guest_ask(struct xenstore_domain_interface *page, uint32_t type, uint32_t tx,
		      const void *payload, size_t n)
{
	struct xsd_sockmsg header = { type, 7, tx, (uint32_t)n };

	guest_put(page, &header, sizeof(header));
	guest_put(page, payload, n);
}

static size_t guest_get(struct xenstore_domain_interface *page, void *buf, size_t n)
{
	size_t done = 0;

	while (done < n && page->rsp_cons != page->rsp_prod)
		((char *)buf)[done++] = page->rsp[MASK_XENSTORE_IDX(page->rsp_cons++)];
	return done;
}

/* The next message; its payload with a NUL in 'buf'. Its type, or -1. */
static int guest_answer(struct xenstore_domain_interface *page, char *buf)
{
	struct xsd_sockmsg header;

	if (guest_get(page, &header, sizeof(header)) != sizeof(header))
		return -1;
	if (guest_get(page, buf, header.len) != header.len)
		return -1;
	buf[header.len] = '\0';
	return (int)header.type;
}

static void a_guest_talks_through_its_page(void)
{
	struct xenstore_domain_interface *page;
	char buf[4097];
	char *value;

	begin();
	page = add_guest(5);
	CU_ASSERT_EQUAL(page->server_features, 3);
	settle();
	shim_guest_notified(5, PORT);
	guest_ask(page, XS_WRITE, 0, "data/x\0hello", 12);
	shim_guest_notify(5, PORT);
	settle();
	CU_ASSERT_TRUE(shim_guest_notified(5, PORT) > 0);
	CU_ASSERT_EQUAL(guest_answer(page, buf), XS_WRITE);
	CU_ASSERT_STRING_EQUAL(buf, "OK");
	CU_ASSERT_EQUAL(xs_read(srv, "/local/domain/5/data/x", &value), 0);
	CU_ASSERT_STRING_EQUAL(value, "hello");
	free(value);
	end();
}

/* The guest may have asked before we were there: nobody will notify us of that again. */
static void requests_from_before_the_connection_are_answered(void)
{
	struct xenstore_domain_interface *page;
	char buf[4097];

	begin();
	page = shim_page(5, HVABI_GRANT_XENSTORE);
	guest_ask(page, XS_IS_DOMAIN_INTRODUCED, 0, "5", 2);
	add_guest(5);
	settle();
	CU_ASSERT_EQUAL(guest_answer(page, buf), XS_IS_DOMAIN_INTRODUCED);
	CU_ASSERT_STRING_EQUAL(buf, "T");
	end();
}

/* A reply longer than the ring goes through in pieces, as the guest takes them. */
static void long_messages_go_through_in_pieces(void)
{
	struct xenstore_domain_interface *page;
	char value[2049], all[4200];
	struct xsd_sockmsg header;
	size_t got = 0, rounds = 0;

	begin();
	memset(value, 'v', sizeof(value));
	value[2048] = '\0';
	page = add_guest(5);
	xs_write(srv, "/local/domain/5/big", value);
	guest_ask(page, XS_READ, 0, "big", 4);
	while (got < sizeof(header) + 2048 && rounds++ < 10) {
		shim_guest_notify(5, PORT);
		settle();
		got += guest_get(page, all + got, sizeof(all) - got);
	}
	CU_ASSERT_EQUAL(got, sizeof(header) + 2048);
	CU_ASSERT_EQUAL(rounds, 3);
	CU_ASSERT_EQUAL(memcmp(all + sizeof(header), value, 2048), 0);
	end();
}

static void impossible_indices_end_the_connection_only(void)
{
	struct xenstore_domain_interface *bad, *good;
	char buf[4097];
	char *value;

	begin();
	bad = add_guest(5);
	good = add_guest(6);
	settle();
	bad->req_prod = bad->req_cons + XENSTORE_RING_SIZE + 1;
	shim_guest_notify(5, PORT);
	guest_ask(good, XS_WRITE, 0, "a\0001", 3);
	shim_guest_notify(6, PORT);
	settle();
	CU_ASSERT_EQUAL(bad->error, XENSTORE_ERROR_RINGIDX);
	CU_ASSERT_EQUAL(guest_answer(good, buf), XS_WRITE);
	CU_ASSERT_EQUAL(xs_read(srv, "/local/domain/6/a", &value), 0);
	free(value);

	/* Nothing that it does now has an effect... */
	bad->req_prod = bad->req_cons;
	guest_ask(bad, XS_WRITE, 0, "b\0001", 3);
	shim_guest_notify(5, PORT);
	settle();
	CU_ASSERT_EQUAL(xs_read(srv, "/local/domain/5/b", &value), -ENOENT);

	/* ...until it asks for a new beginning. */
	bad->connection = XENSTORE_RECONNECT;
	shim_guest_notify(5, PORT);
	settle();
	CU_ASSERT_EQUAL(bad->connection, XENSTORE_CONNECTED);
	CU_ASSERT_EQUAL(bad->error, XENSTORE_ERROR_NONE);
	CU_ASSERT_EQUAL(bad->req_prod, 0);
	guest_ask(bad, XS_WRITE, 0, "b\0001", 3);
	shim_guest_notify(5, PORT);
	settle();
	CU_ASSERT_EQUAL(guest_answer(bad, buf), XS_WRITE);
	end();
}

static void impossible_reply_indices_end_it_too(void)
{
	struct xenstore_domain_interface *page;

	begin();
	page = add_guest(5);
	settle();
	page->rsp_cons = page->rsp_prod + 1;
	guest_ask(page, XS_READ, 0, "x", 2);
	shim_guest_notify(5, PORT);
	settle();
	CU_ASSERT_EQUAL(page->error, XENSTORE_ERROR_RINGIDX);
	end();
}

static void a_message_that_is_too_long_ends_it_too(void)
{
	struct xsd_sockmsg header = { XS_WRITE, 1, 0, 4097 };
	struct xenstore_domain_interface *page;

	begin();
	page = add_guest(5);
	guest_put(page, &header, sizeof(header));
	shim_guest_notify(5, PORT);
	settle();
	CU_ASSERT_EQUAL(page->error, XENSTORE_ERROR_PROTO);
	end();
}

/* Whatever the guest writes to its page, at whatever moment: no crash, and others are served. */
static void a_page_of_noise_harms_nobody(void)
{
	struct xenstore_domain_interface *bad, *good;
	unsigned int seed = 7, round, i;
	char buf[4097];

	begin();
	bad = add_guest(5);
	good = add_guest(6);
	for (round = 0; round < 2000; round++) {
		for (i = 0; i < 40; i++)
			((char *)bad)[rand_r(&seed) % sizeof(*bad)] = (char)rand_r(&seed);
		if (round % 3 == 0) {
			bad->req_prod = bad->req_cons + (uint32_t)rand_r(&seed) % 1025;
			bad->rsp_cons = bad->rsp_prod;
			bad->connection = XENSTORE_RECONNECT;
		}
		shim_guest_notify(5, PORT);
		event_base_loop(base, EVLOOP_NONBLOCK);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	guest_ask(good, XS_GET_DOMAIN_PATH, 0, "6", 2);
	shim_guest_notify(6, PORT);
	settle();
	CU_ASSERT_EQUAL(guest_answer(good, buf), XS_GET_DOMAIN_PATH);
	end();
}

/* A guest with a full ring has one turn, then the other one has his. */
static void a_flood_does_not_hold_up_others(void)
{
	struct xenstore_domain_interface *flood, *quiet;
	unsigned int rounds, i;
	char buf[4097];

	begin();
	flood = add_guest(5);
	quiet = add_guest(6);
	settle();
	for (rounds = 0; rounds < 100; rounds++) {
		for (i = 0; flood->req_prod - flood->req_cons + 18 <= XENSTORE_RING_SIZE; i++)
			guest_ask(flood, XS_READ, 0, "x", 2);
		flood->rsp_cons = flood->rsp_prod;
		shim_guest_notify(5, PORT);
		if (rounds == 50) {
			guest_ask(quiet, XS_READ, 0, "x", 2);
			shim_guest_notify(6, PORT);
		}
		event_base_loop(base, EVLOOP_NONBLOCK);
		if (quiet->rsp_prod != quiet->rsp_cons)
			break;
	}
	CU_ASSERT_TRUE(rounds >= 50 && rounds <= 53);
	CU_ASSERT_EQUAL(guest_answer(quiet, buf), XS_ERROR);
	end();
}

static void domains_come_and_go(void)
{
	struct xenstore_domain_interface *page;
	unsigned int i;

	begin();
	for (i = 0; i < 3; i++) {
		page = add_guest(5);
		guest_ask(page, XS_WATCH, 0, "a\0t", 4);
		guest_ask(page, XS_TRANSACTION_START, 0, "", 1);
		shim_guest_notify(5, PORT);
		settle();
		CU_ASSERT_TRUE(shim_page_is_mapped(5, HVABI_GRANT_XENSTORE));
		CU_ASSERT_TRUE(shim_guest_port_is_bound(5, PORT));
		CU_ASSERT_EQUAL(xs_server_add_domain(srv, 5, PORT), -EEXIST);
		shim_guest_notify(5, PORT);
		CU_ASSERT_EQUAL(xs_rm(srv, "/local/domain/5"), 0);
		xs_server_remove_domain(srv, 5);
		CU_ASSERT_FALSE(shim_page_is_mapped(5, HVABI_GRANT_XENSTORE));
		CU_ASSERT_FALSE(shim_guest_port_is_bound(5, PORT));
		settle();
		memset(page, 0, 4096);
	}
	xs_server_remove_domain(srv, 77);
	end();
}

static void a_domain_that_cannot_be_mapped_leaves_nothing(void)
{
	int n, err = -1;

	begin();
	for (n = 0; n < 10 && err; n++) {
		shim_fail_after = n;
		err = xs_server_add_domain(srv, 5, PORT);
		shim_fail_after = -1;
		if (err) {
			CU_ASSERT_FALSE(shim_page_is_mapped(5, HVABI_GRANT_XENSTORE));
			CU_ASSERT_FALSE(shim_guest_port_is_bound(5, PORT));
		}
	}
	CU_ASSERT_TRUE(n > 2);
	CU_ASSERT_EQUAL(err, 0);
	end();
}

/* ---- hvd's own access ---- */

static char heard[512], label_a[] = "a", label_b[] = "b", label_s[] = "s";

static void on_watch(void *arg, const char *path)
{
	strcat(strcat(strcat(heard, arg), path), " ");
}

static void hvd_reads_writes_and_lists(void)
{
	uint64_t big;
	uint32_t small;
	char **names;
	size_t nr;

	begin();
	CU_ASSERT_EQUAL(xs_writef(srv, "/t/n", "%u", 42u), 0);
	CU_ASSERT_EQUAL(xs_read_u32(srv, "/t/n", &small), 0);
	CU_ASSERT_EQUAL(small, 42);
	CU_ASSERT_EQUAL(xs_write(srv, "/t/n", "18446744073709551615"), 0);
	CU_ASSERT_EQUAL(xs_read_u64(srv, "/t/n", &big), 0);
	CU_ASSERT_EQUAL(big, UINT64_MAX);
	CU_ASSERT_EQUAL(xs_read_u32(srv, "/t/n", &small), -EINVAL);
	xs_write(srv, "/t/n", "18446744073709551616");
	CU_ASSERT_EQUAL(xs_read_u64(srv, "/t/n", &big), -EINVAL);
	xs_write(srv, "/t/n", "-1");
	CU_ASSERT_EQUAL(xs_read_u64(srv, "/t/n", &big), -EINVAL);
	xs_write(srv, "/t/n", " 1");
	CU_ASSERT_EQUAL(xs_read_u64(srv, "/t/n", &big), -EINVAL);
	xs_write(srv, "/t/n", "");
	CU_ASSERT_EQUAL(xs_read_u64(srv, "/t/n", &big), -EINVAL);
	xs_write_bytes(srv, "/t/n", "1\0002", 3);
	CU_ASSERT_EQUAL(xs_read_u64(srv, "/t/n", &big), -EINVAL);
	CU_ASSERT_EQUAL(xs_read_u64(srv, "/t/none", &big), -ENOENT);

	xs_mkdir(srv, "/t/b");
	xs_mkdir(srv, "/t/a");
	CU_ASSERT_EQUAL(xs_list(srv, "/t", &names, &nr), 0);
	CU_ASSERT_EQUAL_FATAL(nr, 3);
	CU_ASSERT_STRING_EQUAL(names[0], "a");
	CU_ASSERT_STRING_EQUAL(names[1], "b");
	CU_ASSERT_STRING_EQUAL(names[2], "n");
	free(names);
	CU_ASSERT_EQUAL(xs_list(srv, "/t/a", &names, &nr), 0);
	CU_ASSERT_EQUAL(nr, 0);
	free(names);

	CU_ASSERT_EQUAL(xs_rm(srv, "/t"), 0);
	CU_ASSERT_EQUAL(xs_rm(srv, "/t"), -ENOENT);
	CU_ASSERT_EQUAL(xs_write(srv, "relative", ""), -EINVAL);
	CU_ASSERT_EQUAL(xs_set_perms(srv, "/t", 0, 'x', 0), -EINVAL);
	end();
}

static void hvds_watches_come_from_the_loop_in_order(void)
{
	struct xs_watch *a, *b;

	begin();
	heard[0] = '\0';
	CU_ASSERT_EQUAL(xs_watch(srv, "/t", on_watch, label_a, &a), 0);
	CU_ASSERT_EQUAL(xs_watch(srv, "@introduceDomain", on_watch, label_b, &b), 0);
	CU_ASSERT_STRING_EQUAL(heard, "");
	settle();
	CU_ASSERT_STRING_EQUAL(heard, "a/t b@introduceDomain ");
	heard[0] = '\0';
	xs_write(srv, "/t/2", "");
	xs_write(srv, "/t/1", "");
	xs_write(srv, "/t/2", "again");
	xs_write(srv, "/u", "");
	CU_ASSERT_STRING_EQUAL(heard, "");
	settle();
	CU_ASSERT_STRING_EQUAL(heard, "a/t/2 a/t/1 ");
	heard[0] = '\0';
	xs_server_add_domain(srv, 5, PORT);
	xs_write(srv, "/t/2", "");
	xs_unwatch(a);
	settle();
	CU_ASSERT_STRING_EQUAL(heard, "b@introduceDomain ");
	xs_unwatch(b);
	xs_watch(srv, "/t", on_watch, label_a, &a); /* xs_server_destroy() takes it */
	end();
}

static struct xs_watch *self;

static void on_watch_once(void *arg, const char *path)
{
	on_watch(arg, path);
	xs_write(srv, "/t", "from inside");
	xs_unwatch(self);
	xs_write(srv, "/t", "and again");
}

static void a_watch_may_end_itself_and_write(void)
{
	begin();
	heard[0] = '\0';
	xs_watch(srv, "/t", on_watch_once, label_s, &self);
	settle();
	CU_ASSERT_STRING_EQUAL(heard, "s/t ");
	end();
}

/* ---- the socket ---- */

static int connect_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, socket_path);
	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void the_socket_is_for_root_and_its_group(void)
{
	struct xs_server *second;
	struct stat st;

	begin();
	CU_ASSERT_EQUAL(stat(socket_path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0007, 0);
	CU_ASSERT_EQUAL(xs_server_create(base, mux, socket_path, &second), -EADDRINUSE);
	settle();
	end();
}

static void a_socket_that_was_left_behind_is_replaced(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	begin();
	xs_server_destroy(srv);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, socket_path);
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	CU_ASSERT_EQUAL_FATAL(xs_server_create(base, mux, socket_path, &srv), 0);
	end();
}

static void programs_that_break_off_or_cheat_are_dropped(void)
{
	struct xsd_sockmsg header = { XS_READ, 1, 0, 1 << 20 };
	int half, cheat, left;
	char c;

	begin();
	half = connect_socket();
	cheat = connect_socket();
	left = connect_socket();
	CU_ASSERT_EQUAL(write(half, &header, 7), 7);
	CU_ASSERT_EQUAL(write(cheat, &header, sizeof(header)), sizeof(header));
	settle();
	CU_ASSERT_EQUAL(read(cheat, &c, 1), 0);
	close(half);
	settle();
	close(cheat);
	CU_ASSERT_EQUAL(read(left, &c, 1), -1);
	CU_ASSERT_EQUAL(errno, EAGAIN);
	close(left);
	end();
}

/* Runs a command of Debian's tools against the server; its exit status, its output in 'out'. */
static int run_tool(const char *command, char *out, size_t size)
{
	int pipes[2], status = -1;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	out[0] = '\0';
	CU_ASSERT_EQUAL_FATAL(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		dup2(pipes[1], 1);
		dup2(pipes[1], 2);
		setenv("XENSTORED_PATH", socket_path, 1);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(126);
	}
	close(pipes[1]);
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	for (;;) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		n = read(pipes[0], out + used, size - 1 - used);
		if (n == 0)
			break;
		if (n < 0)
			usleep(200);
		else
			used += (size_t)n;
	}
	out[used] = '\0';
	close(pipes[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void debians_tools_work(void)
{
	char out[65536];

	if (system("command -v xenstore-ls xenstore-watch >/dev/null 2>&1")) {
		printf("(not run: apt-get install xenstore-utils) ");
		return;
	}
	begin();
	CU_ASSERT_EQUAL(run_tool("xenstore-write /t/a one /t/b/c two", out, sizeof(out)), 0);
	CU_ASSERT_EQUAL(run_tool("xenstore-read /t/a /t/b/c", out, sizeof(out)), 0);
	CU_ASSERT_STRING_EQUAL(out, "one\ntwo\n");
	CU_ASSERT_EQUAL(run_tool("xenstore-chmod -r /t/b n0 r5", out, sizeof(out)), 0);
	CU_ASSERT_EQUAL(run_tool("xenstore-ls -fp /t", out, sizeof(out)), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "/t/a = \"one\"   (n0)\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "/t/b/c = \"two\"   (n0,r5)\n"));
	CU_ASSERT_EQUAL(run_tool("xenstore-list /t", out, sizeof(out)), 0);
	CU_ASSERT_STRING_EQUAL(out, "a\nb\n");
	CU_ASSERT_EQUAL(run_tool("xenstore-exists /t/none", out, sizeof(out)), 1);
	CU_ASSERT_EQUAL(run_tool("xenstore-watch -n 3 /t & sleep 0.3; xenstore-write /t/w 1;"
				 "xenstore-rm /t; wait",
				 out, sizeof(out)),
			0);
	CU_ASSERT_STRING_EQUAL(out, "/t\n/t/w\n/t\n");
	CU_ASSERT_EQUAL(run_tool("xenstore-read /t/a", out, sizeof(out)), 1);
	CU_ASSERT_EQUAL(run_tool("i=0; while [ $i -lt 300 ]; do"
				 " echo /many/a-name-that-is-long-enough$i $i; i=$((i+1)); done"
				 " | xargs xenstore-write && xenstore-list /many | wc -l",
				 out, sizeof(out)),
			0);
	CU_ASSERT_EQUAL(atoi(out), 300);
	end();
}

UNIT_MAIN("xenstore server", UNIT_TEST(a_guest_talks_through_its_page),
	  UNIT_TEST(requests_from_before_the_connection_are_answered),
	  UNIT_TEST(long_messages_go_through_in_pieces),
	  UNIT_TEST(impossible_indices_end_the_connection_only),
	  UNIT_TEST(impossible_reply_indices_end_it_too),
	  UNIT_TEST(a_message_that_is_too_long_ends_it_too),
	  UNIT_TEST(a_page_of_noise_harms_nobody), UNIT_TEST(a_flood_does_not_hold_up_others),
	  UNIT_TEST(domains_come_and_go), UNIT_TEST(a_domain_that_cannot_be_mapped_leaves_nothing),
	  UNIT_TEST(hvd_reads_writes_and_lists),
	  UNIT_TEST(hvds_watches_come_from_the_loop_in_order),
	  UNIT_TEST(a_watch_may_end_itself_and_write),
	  UNIT_TEST(the_socket_is_for_root_and_its_group),
	  UNIT_TEST(a_socket_that_was_left_behind_is_replaced),
	  UNIT_TEST(programs_that_break_off_or_cheat_are_dropped), UNIT_TEST(debians_tools_work))
