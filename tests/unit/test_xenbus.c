/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tools/hvd/backend/xenbus.c, vdev.c: handshakes, orderly and not; names of disks. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "backend/vdev.h"
#include "backend/xenbus.h"

/* A process that answers at once, or (slow) when it is told to. */
struct machine {
	struct xenbus x;
	enum xenbus_state front;
	bool slow;
	bool removed;
	bool is_forced;
	unsigned int nr_connects;
};

static void run(struct machine *m)
{
	enum xenbus_state wanted = XENBUS_UNKNOWN;
	unsigned int i;

	for (i = 0; i < 8 && !m->removed; i++) {
		switch (xenbus_next(&m->x, m->front, &wanted)) {
		case XENBUS_NOTHING:
			return;
		case XENBUS_SET_STATE:
			CU_ASSERT_NOT_EQUAL(m->x.state, wanted);
			m->x.state = wanted;
			break;
		case XENBUS_CONNECT:
			m->nr_connects++;
			CU_ASSERT_EQUAL(m->x.link, LINK_IDLE);
			m->x.link = m->slow ? LINK_CONNECTING : LINK_CONNECTED;
			if (!m->slow)
				m->x.state = XENBUS_CONNECTED;
			break;
		case XENBUS_DISCONNECT:
			CU_ASSERT_EQUAL(m->x.link, LINK_CONNECTED);
			m->x.link = m->slow ? LINK_DISCONNECTING : LINK_IDLE;
			break;
		case XENBUS_REMOVE:
			CU_ASSERT_FALSE(m->x.online);
			CU_ASSERT_TRUE(m->is_forced || m->x.link != LINK_CONNECTED);
			m->removed = true;
			break;
		}
	}
	CU_ASSERT_TRUE(i < 8);
}

static void front(struct machine *m, enum xenbus_state state)
{
	m->front = state;
	run(m);
}

static struct machine added(void)
{
	struct machine m = { .x = { .state = XENBUS_INITIALISING, .link = LINK_ABSENT,
				    .online = true }, .front = XENBUS_INITIALISING };

	run(&m);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_INITIALISING);
	m.x.link = LINK_IDLE;
	m.x.state = XENBUS_INIT_WAIT;
	run(&m);
	return m;
}

static void ordinary_driver_connects(void)
{
	struct machine m = added();

	front(&m, XENBUS_INITIALISED);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_CONNECTED);
	front(&m, XENBUS_CONNECTED);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_CONNECTED);
	CU_ASSERT_EQUAL(m.nr_connects, 1);
}

static void second_driver_takes_over(void)
{
	struct machine m = added();

	front(&m, XENBUS_CONNECTED);
	front(&m, XENBUS_CLOSED);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_CLOSED);
	CU_ASSERT_EQUAL(m.x.link, LINK_IDLE);
	front(&m, XENBUS_INITIALISING);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_INIT_WAIT);
	front(&m, XENBUS_INITIALISED);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_CONNECTED);
	CU_ASSERT_EQUAL(m.nr_connects, 2);
}

static void closing_is_answered_before_anything_is_let_go(void)
{
	struct machine m = added();

	front(&m, XENBUS_CONNECTED);
	front(&m, XENBUS_CLOSING);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_CLOSING);
	CU_ASSERT_EQUAL(m.x.link, LINK_CONNECTED);
	front(&m, XENBUS_CLOSED);
	CU_ASSERT_EQUAL(m.x.link, LINK_IDLE);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_CLOSED);
}

static void restart_without_goodbye_is_a_new_start(void)
{
	struct machine m = added();

	front(&m, XENBUS_CONNECTED);
	front(&m, XENBUS_INITIALISING);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_INIT_WAIT);
	CU_ASSERT_EQUAL(m.x.link, LINK_IDLE);
	front(&m, XENBUS_INITIALISED);
	CU_ASSERT_EQUAL(m.nr_connects, 2);
}

static void closed_waits_for_the_process(void)
{
	struct machine m = added();

	front(&m, XENBUS_CONNECTED);
	m.slow = true;
	front(&m, XENBUS_CLOSED);
	CU_ASSERT_EQUAL(m.x.link, LINK_DISCONNECTING);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_CONNECTED);
	m.x.link = LINK_IDLE;
	run(&m);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_CLOSED);
}

static void front_that_closes_while_we_connect_is_served_afterwards(void)
{
	struct machine m = added();

	m.slow = true;
	front(&m, XENBUS_CONNECTED);
	front(&m, XENBUS_CLOSED);
	CU_ASSERT_EQUAL(m.x.link, LINK_CONNECTING);
	m.slow = false;
	m.x.link = LINK_CONNECTED;
	m.x.state = XENBUS_CONNECTED;
	run(&m);
	CU_ASSERT_EQUAL(m.x.link, LINK_IDLE);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_CLOSED);
}

static void unplugging_a_used_device_waits_for_the_guest(void)
{
	struct machine m = added();

	front(&m, XENBUS_CONNECTED);
	m.x.online = false;
	run(&m);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_CLOSING);
	CU_ASSERT_FALSE(m.removed);
	front(&m, XENBUS_CLOSING);
	CU_ASSERT_FALSE(m.removed);
	front(&m, XENBUS_CLOSED);
	CU_ASSERT_TRUE(m.removed);
}

/* Where nobody is left who could answer the guest. */
static void force_waits_for_nobody(void)
{
	static const enum xenbus_link links[] = { LINK_ABSENT, LINK_LOST, LINK_IDLE, LINK_CONNECTING,
						  LINK_CONNECTED, LINK_DISCONNECTING };
	unsigned int link, state;

	for (link = 0; link < sizeof(links) / sizeof(links[0]); link++) {
		for (state = XENBUS_UNKNOWN; state <= XENBUS_CLOSED; state++) {
			struct machine m = added();

			front(&m, XENBUS_CONNECTED);
			m.x.online = false;
			run(&m);
			CU_ASSERT_FALSE(m.removed);
			m.x.link = links[link];
			m.front = (enum xenbus_state)state;
			m.x.forced = true;
			m.is_forced = true;
			run(&m);
			CU_ASSERT_TRUE(m.removed);
			CU_ASSERT_EQUAL(m.x.state, XENBUS_CLOSED);
		}
	}
}

static void unplugging_an_unused_device_is_immediate(void)
{
	struct machine m = added();

	m.x.online = false;
	run(&m);
	CU_ASSERT_TRUE(m.removed);
}

static void broken_front_end_may_come_back_after_closing(void)
{
	struct machine m = added();

	front(&m, XENBUS_CONNECTED);
	m.x.link = LINK_IDLE;
	m.x.broken = true;
	m.x.state = XENBUS_CLOSING;
	front(&m, XENBUS_CONNECTED);
	CU_ASSERT_EQUAL(m.nr_connects, 1);
	front(&m, XENBUS_CLOSED);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_CLOSED);
	m.x.broken = false;
	front(&m, XENBUS_INITIALISING);
	front(&m, XENBUS_INITIALISED);
	CU_ASSERT_EQUAL(m.nr_connects, 2);
}

static void without_a_process_a_guest_can_still_close(void)
{
	struct machine m = added();

	front(&m, XENBUS_CONNECTED);
	m.x.link = LINK_ABSENT;
	m.x.broken = true;
	m.x.state = XENBUS_CLOSING;
	front(&m, XENBUS_CLOSING);
	front(&m, XENBUS_CLOSED);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_CLOSED);
	front(&m, XENBUS_INITIALISING);
	CU_ASSERT_EQUAL(m.x.state, XENBUS_CLOSED);
}

/* After any sequence of states, a driver that goes through the steps gets its device. */
static void random_walk_never_locks_a_driver_out(void)
{
	unsigned int round, i;

	srand(3);
	for (round = 0; round < 2000; round++) {
		struct machine m = added();

		for (i = 0; i < 20; i++)
			front(&m, (enum xenbus_state)(rand() % 7));
		front(&m, XENBUS_CLOSING);
		front(&m, XENBUS_CLOSED);
		CU_ASSERT_EQUAL(m.x.state, XENBUS_CLOSED);
		CU_ASSERT_EQUAL(m.x.link, LINK_IDLE);
		front(&m, XENBUS_INITIALISING);
		CU_ASSERT_EQUAL(m.x.state, XENBUS_INIT_WAIT);
		front(&m, XENBUS_INITIALISED);
		CU_ASSERT_EQUAL(m.x.state, XENBUS_CONNECTED);
	}
}

static void expect_vdev(const char *name, int err, unsigned int number)
{
	unsigned int n = 0;

	CU_ASSERT_EQUAL(vdev_parse(name, &n), err);
	CU_ASSERT_EQUAL(n, number);
}

static void names_of_disks_become_numbers(void)
{
	expect_vdev("xvda", 0, 51712);
	expect_vdev("xvdb", 0, 51728);
	expect_vdev("xvdp", 0, 51952);
	expect_vdev("xvdq", 0, (1u << 28) | (16 << 8));
	expect_vdev("xvdaa", 0, (1u << 28) | (26 << 8));
	expect_vdev("sda", 0, 2048);
	expect_vdev("hda", 0, 768);
	expect_vdev("hdd", 0, 5696);
	expect_vdev("hde", -EINVAL, 0);
	expect_vdev("sdq", -EINVAL, 0);
	expect_vdev("vda", -EINVAL, 0);
	expect_vdev("xvd", -EINVAL, 0);
	expect_vdev("xvda1", -EINVAL, 0);
	expect_vdev("", -EINVAL, 0);
	expect_vdev("xvdzzzzzzzzzzzzzzzzzzzzzzzzzz", -EINVAL, 0);
}

UNIT_MAIN("xenbus",
	  UNIT_TEST(ordinary_driver_connects),
	  UNIT_TEST(second_driver_takes_over),
	  UNIT_TEST(closing_is_answered_before_anything_is_let_go),
	  UNIT_TEST(restart_without_goodbye_is_a_new_start),
	  UNIT_TEST(closed_waits_for_the_process),
	  UNIT_TEST(front_that_closes_while_we_connect_is_served_afterwards),
	  UNIT_TEST(unplugging_a_used_device_waits_for_the_guest),
	  UNIT_TEST(force_waits_for_nobody),
	  UNIT_TEST(unplugging_an_unused_device_is_immediate),
	  UNIT_TEST(broken_front_end_may_come_back_after_closing),
	  UNIT_TEST(without_a_process_a_guest_can_still_close),
	  UNIT_TEST(random_walk_never_locks_a_driver_out),
	  UNIT_TEST(names_of_disks_become_numbers))
