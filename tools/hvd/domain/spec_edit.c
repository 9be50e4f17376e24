/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to a spec after it has been read: it gets a uuid, devices come and go, it ends.
 */
#include <stdlib.h>
#include <string.h>

#include "domain/spec.h"
#include "lib/xmem.h"

char *spec_rbd_text(const struct rbd_spec *rbd)
{
	return xasprintf("%s/%s%s%s%s%s", rbd->pool, rbd->namespace ? rbd->namespace : "",
			 rbd->namespace ? "/" : "", rbd->image, rbd->snapshot ? "@" : "",
			 rbd->snapshot ? rbd->snapshot : "");
}

/* FNV-1a: spreads the uuid over the three bytes of a MAC that are ours to choose. */
static uint32_t hash_uuid(const uint8_t uuid[16], uint8_t salt)
{
	uint32_t h = 2166136261u;

	for (unsigned int i = 0; i < 16; i++)
		h = (h ^ uuid[i]) * 16777619u;
	return (h ^ salt) * 16777619u;
}

static void make_mac(const uint8_t uuid[16], uint8_t salt, uint8_t mac[6])
{
	uint32_t h = hash_uuid(uuid, salt);

	mac[0] = 0x00; /* 00:16:3e is Xen's block of addresses */
	mac[1] = 0x16;
	mac[2] = 0x3e;
	mac[3] = (uint8_t)(h >> 16 & 0x7f);
	mac[4] = (uint8_t)(h >> 8);
	mac[5] = (uint8_t)h;
}

void spec_set_uuid(struct domain_spec *spec, const uint8_t uuid[16])
{
	if (uuid != spec->uuid)
		memcpy(spec->uuid, uuid, 16);
	for (unsigned int i = 0; i < spec->nr_nics; i++)
		if (!spec->nics[i].mac_given)
			make_mac(uuid, (uint8_t)spec->nics[i].index, spec->nics[i].mac);
}

bool spec_nic_index_used(const struct domain_spec *spec, unsigned int index)
{
	for (unsigned int i = 0; i < spec->nr_nics; i++)
		if (spec->nics[i].index == index)
			return true;
	return false;
}

void spec_settle_nic(const struct domain_spec *domain, struct nic_spec *nic)
{
	while (spec_nic_index_used(domain, nic->index))
		nic->index++;
	/* As it would be made when the text is read again with the number that it has. */
	if (!nic->mac_given)
		make_mac(domain->uuid, (uint8_t)nic->index, nic->mac);
}

bool spec_mac_used(const struct domain_spec *spec, const uint8_t mac[6])
{
	for (unsigned int i = 0; i < spec->nr_nics; i++)
		if (!memcmp(spec->nics[i].mac, mac, 6))
			return true;
	return false;
}

void spec_move_disk(struct domain_spec *from, struct domain_spec *to)
{
	to->disks = xrealloc(to->disks, (to->nr_disks + 1) * sizeof(*to->disks));
	to->disks[to->nr_disks++] = from->disks[--from->nr_disks];
}

void spec_move_nic(struct domain_spec *from, struct domain_spec *to)
{
	struct nic_spec *nic = &from->nics[--from->nr_nics];

	to->nics = xrealloc(to->nics, (to->nr_nics + 1) * sizeof(*to->nics));
	to->nics[to->nr_nics++] = *nic;
}

static void free_rbd(struct rbd_spec *rbd)
{
	if (!rbd)
		return;
	for (unsigned int i = 0; i < rbd->nr_hosts; i++)
		free(rbd->hosts[i].name);
	free(rbd->pool);
	free(rbd->namespace);
	free(rbd->image);
	free(rbd->snapshot);
	free(rbd->config_file);
	free(rbd->user);
	free(rbd->secret);
	free(rbd);
}

static void free_disk(struct disk_spec *disk)
{
	free(disk->target);
	free(disk->source);
	free_rbd(disk->rbd);
}

static void free_nic(struct nic_spec *nic)
{
	free(nic->bridge);
	free(nic->ifname);
}

void spec_remove_disk(struct domain_spec *spec, unsigned int i)
{
	free_disk(&spec->disks[i]);
	memmove(&spec->disks[i], &spec->disks[i + 1], (--spec->nr_disks - i) * sizeof(*spec->disks));
}

void spec_remove_nic(struct domain_spec *spec, unsigned int i)
{
	free_nic(&spec->nics[i]);
	memmove(&spec->nics[i], &spec->nics[i + 1], (--spec->nr_nics - i) * sizeof(*spec->nics));
}

void spec_destroy(struct domain_spec *spec)
{
	if (!spec)
		return;
	for (unsigned int i = 0; i < spec->nr_disks; i++)
		free_disk(&spec->disks[i]);
	for (unsigned int i = 0; i < spec->nr_nics; i++)
		free_nic(&spec->nics[i]);
	free(spec->disks);
	free(spec->nics);
	free(spec->name);
	free(spec->title);
	free(spec->description);
	free(spec->kernel);
	free(spec->initrd);
	free(spec->cmdline);
	free(spec);
}
