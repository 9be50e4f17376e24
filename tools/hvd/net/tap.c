/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's end of an interface: see tap.h. The tap has IFF_NO_PI and IFF_VNET_HDR, so each packet
 * comes behind a struct virtio_net_hdr.
 */
#include "net/tap.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "net/ring.h"

int tap_set_features(int fd, const struct net_rx_features *features)
{
	unsigned long offload = 0;

	/*
	 * One flag for both families: where the front end takes only IPv4, net_rx_plan() completes
	 * the rest. Large packets need pages to hold them.
	 */
	if (features->csum_v4 || features->csum_v6) {
		offload |= TUN_F_CSUM;
		if (features->gso_v4 && features->sg)
			offload |= TUN_F_TSO4;
		if (features->gso_v6 && features->sg)
			offload |= TUN_F_TSO6;
		if (offload & (TUN_F_TSO4 | TUN_F_TSO6))
			offload |= TUN_F_TSO_ECN;
	}
	return ioctl(fd, TUNSETOFFLOAD, offload) ? -errno : 0;
}

int tap_read(int fd, struct virtio_net_hdr *ret_hdr, uint8_t *data, unsigned int size)
{
	struct iovec iov[2] = { { .iov_base = ret_hdr, .iov_len = sizeof(*ret_hdr) },
				{ .iov_base = data, .iov_len = size } };
	ssize_t n = readv(fd, iov, 2);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n <= (ssize_t)sizeof(*ret_hdr))
		return -EIO;
	/* A packet that fills the buffer may have been longer. */
	if ((size_t)n >= sizeof(*ret_hdr) + size)
		return -EMSGSIZE;
	return (int)((size_t)n - sizeof(*ret_hdr));
}

int tap_write(int fd, const struct virtio_net_hdr *hdr, const uint8_t *data, unsigned int size)
{
	struct iovec iov[2] = { { .iov_base = (void *)(uintptr_t)hdr, .iov_len = sizeof(*hdr) },
				{ .iov_base = (void *)(uintptr_t)data, .iov_len = size } };

	return writev(fd, iov, 2) < 0 ? -errno : 0;
}
