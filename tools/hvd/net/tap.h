/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's end of an interface: a tap that hvd has made, named and put into its bridge.
 */
#ifndef NET_TAP_H
#define NET_TAP_H

#include <linux/virtio_net.h>
#include <stdint.h>

struct net_rx_features;

/* Tells the tap what the guest takes: unfinished checksums, large packets. */
int tap_set_features(int fd, const struct net_rx_features *features);

/*
 * Reads one packet and its header. Its size; 0: there is none; negative errno, among them -EMSGSIZE
 * for one that does not fit and was lost.
 */
int tap_read(int fd, struct virtio_net_hdr *ret_hdr, uint8_t *data, unsigned int size);

/* 0 or negative errno; the packet is lost then. */
int tap_write(int fd, const struct virtio_net_hdr *hdr, const uint8_t *data, unsigned int size);

#endif
