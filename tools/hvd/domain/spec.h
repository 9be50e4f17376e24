/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain shall be: the struct that vm.xml becomes.
 *
 * spec.c is pure: text in, struct or message out, no file is opened and nothing is asked. Whoever
 * uses a path from here finds out himself whether it exists.
 */
#ifndef DOMAIN_SPEC_H
#define DOMAIN_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEC_NAME_MAX 63	     /* bytes of a domain's name */
#define SPEC_VCPUS_MAX 128u
#define SPEC_CPUS_MAX 128u	     /* physical CPUs that an affinity can name */
#define SPEC_DISKS_MAX 26u	     /* xvda .. xvdz */
#define SPEC_NICS_MAX 8u
#define SPEC_RBD_HOSTS_MAX 8u	     /* monitors that a vm.xml may name */
#define SPEC_CMDLINE_MAX 2047	     /* bytes; what Linux keeps of it */
#define SPEC_MEMORY_MIN (16ull << 20)
#define SPEC_MEMORY_MAX (1ull << 40)
#define SPEC_WEIGHT_DEFAULT 256u
#define SPEC_XML_MAX (256u << 10)    /* bytes of a vm.xml */

enum disk_kind {
	DISK_FILE,  /* source: path of a raw image */
	DISK_BLOCK, /* source: path of a block device */
	DISK_RBD,   /* source: pool[/namespace]/image[@snapshot], for people; 'rbd' has the parts */
};

/* <driver cache=>: what may hold a write that the guest has been told is done. */
enum disk_cache {
	DISK_CACHE_DEFAULT,	 /* as none: what a process holds would be lost with it */
	DISK_CACHE_NONE,	 /* librbd: rbd_cache=false */
	DISK_CACHE_WRITETHROUGH, /* reads are cached, a write is done when it is stable */
	DISK_CACHE_WRITEBACK,	 /* stable with the next flush */
	DISK_CACHE_UNSAFE,	 /* flushes are ignored: for throw-away guests */
};

/* <driver error_policy=, rerror_policy=>: what a hard error of the disk means. */
enum disk_error_policy {
	DISK_ERROR_REPORT,   /* the guest gets the error */
	DISK_ERROR_STOP,     /* the guest is paused, the request waits, 'hvctl resume' tries it again */
	DISK_ERROR_ENOSPACE, /* stop on ENOSPC, report others */
	DISK_ERROR_IGNORE,   /* told as success; for reads the data is zeroes */
};

/* Where an RBD image is, and as whom to go there. */
struct rbd_spec {
	char *pool, *image;
	char *namespace; /* NULL: the default one */
	char *snapshot;	 /* NULL: the image itself */
	struct {
		char *name; /* DNS name or address */
		uint16_t port; /* 0: Ceph's default */
	} hosts[SPEC_RBD_HOSTS_MAX];
	unsigned int nr_hosts; /* 0: from the configuration file */
	char *config_file;     /* <config file=>; NULL: /etc/ceph/ceph.conf where no host is named */
	char *user;	       /* <auth username=>, without "client."; NULL: no authentication asked for */
	char *secret;	       /* name of the secret, never its value: secrets/NAME.keyring of hvd's folder */
};

/* One limit of <iotune>; 0 is none. */
struct iotune_limit {
	uint64_t average;    /* a second */
	uint64_t max;	     /* a second, while a burst lasts; 0: no burst beyond the average's */
	uint64_t max_length; /* seconds a burst may last; 0: 1 */
};

/* Either the total or read and write of a kind, as in libvirt. */
struct iotune_spec {
	struct iotune_limit total_bytes, read_bytes, write_bytes;
	struct iotune_limit total_iops, read_iops, write_iops;
	uint64_t size_iops; /* bytes that count as one operation; 0: a request is one */
};

struct disk_spec {
	char *target; /* "xvda": unique in the domain */
	enum disk_kind kind;
	char *source; /* absolute path, or see DISK_RBD */
	bool readonly; /* always set for a cdrom */
	bool cdrom;
	bool discard; /* <driver discard='unmap'>, which is the default; 'ignore': the guest cannot */
	enum disk_cache cache;
	enum disk_error_policy error_policy;  /* writes, flushes, discards */
	enum disk_error_policy rerror_policy; /* reads */
	uint32_t logical_block_size;  /* <blockio>: 512 or 4096; 0: 512 */
	uint32_t physical_block_size; /* <blockio>: 0: what the disk says of itself */
	struct iotune_spec iotune;
	struct rbd_spec *rbd; /* of a DISK_RBD, else NULL */
};

struct nic_spec {
	uint8_t mac[6]; /* made from the domain's uuid where vm.xml gives none: see spec_set_uuid() */
	bool mac_given;
	char *bridge;
	char *ifname; /* wanted name of the tap; NULL: chosen by who makes it */
	unsigned int mtu; /* 0: the bridge's */
	unsigned int index; /* its number in the guest (0: eth0): its place, or what <alias name='netN'> says */
};

/* What happens after a domain has stopped. */
enum domain_action { DOMAIN_ACTION_DESTROY, DOMAIN_ACTION_RESTART, DOMAIN_ACTION_PRESERVE };

struct vcpu_pin {
	bool given;
	uint8_t cpus[SPEC_CPUS_MAX / 8]; /* bit n: physical CPU n */
};

struct domain_spec {
	char *name;
	uint8_t uuid[16];
	bool uuid_given;
	char *title;	   /* may be NULL */
	char *description; /* may be NULL */

	uint64_t memory_bytes;	       /* what the domain is built with; a multiple of 4 KiB */
	uint64_t memory_target_bytes;  /* <currentMemory>: where its balloon shall go; <= memory_bytes */
	unsigned int nr_vcpus;	       /* that exist */
	unsigned int nr_vcpus_online;  /* that the guest shall start: the first ones */
	uint32_t tsc_khz;	       /* of its TSC; 0: the host's */
	unsigned int weight;	       /* share of CPU, 1 .. 65535 */
	struct vcpu_pin pin_all;       /* <vcpu cpuset=> */
	struct vcpu_pin pins[SPEC_VCPUS_MAX]; /* <vcpupin>, over pin_all */

	char *kernel;  /* absolute path */
	char *initrd;  /* absolute path, or NULL */
	char *cmdline; /* never NULL */

	enum domain_action on_poweroff;
	enum domain_action on_reboot;
	enum domain_action on_crash;

	struct disk_spec *disks;
	unsigned int nr_disks;
	struct nic_spec *nics;
	unsigned int nr_nics;
};

/*
 * Parses a vm.xml. -EINVAL: '*ret_error' (to be freed) says what is wrong as
 * "line N: <element>: reason". An unsupported element is an error unless it is known to be harmless.
 */
int spec_parse(const char *xml, size_t size, struct domain_spec **ret_spec, char **ret_error);
void spec_destroy(struct domain_spec *spec);

/*
 * Parses a lone <disk> or <interface>, for a domain that runs: '*ret_spec' has one disk or one
 * interface and nothing else.
 */
int spec_parse_device(const char *xml, size_t size, struct domain_spec **ret_spec, char **ret_error);

/* Moves a device to the end of another spec's list; 'from' is empty afterwards. There must be room. */
void spec_move_disk(struct domain_spec *from, struct domain_spec *to);
void spec_move_nic(struct domain_spec *from, struct domain_spec *to);
/* Does an interface of the domain have this address, this number? */
bool spec_mac_used(const struct domain_spec *spec, const uint8_t mac[6]);
/* Gives an interface that shall join 'domain' a number, and an address where it has none. */
void spec_settle_nic(const struct domain_spec *domain, struct nic_spec *nic);
bool spec_nic_index_used(const struct domain_spec *spec, unsigned int index);
void spec_remove_disk(struct domain_spec *spec, unsigned int i);
void spec_remove_nic(struct domain_spec *spec, unsigned int i);

/*
 * Gives the domain its uuid when vm.xml has none (uuid_given stays false), and derives from it the
 * MAC addresses that vm.xml leaves open: the same uuid always gives the same ones.
 */
void spec_set_uuid(struct domain_spec *spec, const uint8_t uuid[16]);

/* pool[/namespace]/image[@snapshot]; to be freed. */
char *spec_rbd_text(const struct rbd_spec *rbd);

bool spec_uuid(const char *text, uint8_t uuid[16]);
void spec_format_uuid(const uint8_t uuid[16], char text[37]);

const char *domain_action_name(enum domain_action action);

#endif
