/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a tap and putting it into a bridge, with ioctls and no other program.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/device.h"
#include "lib/xmem.h"

static int is_bridge(const char *name)
{
	char path[64 + IFNAMSIZ];

	snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", name);
	return access(path, F_OK) == 0;
}

static int check_bridge(const char *bridge, char **ret_error)
{
	if (strlen(bridge) >= IFNAMSIZ || strchr(bridge, '/') || if_nametoindex(bridge) == 0) {
		*ret_error = xasprintf("bridge %s does not exist", bridge);
		return -ENOENT;
	}
	if (!is_bridge(bridge)) {
		*ret_error = xasprintf("%s is not a bridge", bridge);
		return -EINVAL;
	}
	return 0;
}

static int open_tap(const char *name, int *ret_fd, char **ret_error)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL };
	int fd, err;

	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		err = -errno;
		*ret_error = xasprintf("cannot open /dev/net/tun: %s%s", strerror(-err),
				       err == -ENOENT ? " (is the module tun loaded?)" : "");
		return err == -ENOENT ? -ENODEV : err; /* -ENOENT is a missing bridge */
	}
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, TUNSETIFF, &ifr)) {
		err = -errno;
		*ret_error = err == -EBUSY ?
				     xasprintf("there is already an interface %s", name) :
				     xasprintf("cannot make tap %s: %s", name, strerror(-err));
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

/* The steps on the new interface; 'sock' is any socket. Returns what failed, or NULL. */
static const char *set_up(int sock, const char *bridge, const char *name, unsigned int mtu)
{
	struct ifreq ifr = { 0 };

	/* A bridge takes the lowest address of its ports for its own: never a guest's tap's. */
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifr.ifr_hwaddr.sa_data, "\xfe\xff\xff\xff\xff\xff", 6);
	if (ioctl(sock, SIOCSIFHWADDR, &ifr))
		return "set the address of";

	if (!mtu) {
		strncpy(ifr.ifr_name, bridge, IFNAMSIZ - 1);
		if (ioctl(sock, SIOCGIFMTU, &ifr) == 0)
			mtu = (unsigned int)ifr.ifr_mtu;
	}
	memset(&ifr, 0, sizeof(ifr));
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	ifr.ifr_mtu = (int)mtu;
	if (mtu && ioctl(sock, SIOCSIFMTU, &ifr))
		return "set the MTU of";

	memset(&ifr, 0, sizeof(ifr));
	strncpy(ifr.ifr_name, bridge, IFNAMSIZ - 1);
	ifr.ifr_ifindex = (int)if_nametoindex(name);
	if (ioctl(sock, SIOCBRADDIF, &ifr))
		return "put into its bridge";

	memset(&ifr, 0, sizeof(ifr));
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(sock, SIOCGIFFLAGS, &ifr))
		return "bring up";
	ifr.ifr_flags |= IFF_UP;
	return ioctl(sock, SIOCSIFFLAGS, &ifr) ? "bring up" : NULL;
}

int bridge_add_tap(const char *bridge, const char *name, unsigned int mtu, int *ret_fd,
		   char **ret_error)
{
	const char *what;
	int sock, err, fd = -1;

	if (strlen(name) >= IFNAMSIZ) {
		*ret_error = xasprintf("interface name %s is longer than %d bytes", name,
				       IFNAMSIZ - 1);
		return -EINVAL;
	}
	err = check_bridge(bridge, ret_error);
	if (!err)
		err = open_tap(name, &fd, ret_error);
	if (err)
		return err;

	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	what = sock < 0 ? "make a socket for" : set_up(sock, bridge, name, mtu);
	err = what ? -errno : 0;
	if (sock >= 0)
		close(sock);
	if (err) {
		*ret_error = xasprintf("cannot %s interface %s: %s", what, name, strerror(-err));
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}
