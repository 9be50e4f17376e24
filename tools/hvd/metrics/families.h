/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every metric that hvd shows: name, type, unit, meaning. docs/metrics.md repeats this table, and a
 * test (tests/unit/test_families.c) holds the two together.
 *
 * Where libvirt's exporter has a metric, ours has its name with "hv_" for "libvirt_", and its labels.
 */
#ifndef METRICS_FAMILIES_H
#define METRICS_FAMILIES_H

#include "metrics/expo.h"

#define METRICS_FAMILIES(X)                                                                          \
	/* the host */                                                                               \
	X(BUILD_INFO, "hv_build_info", GAUGE, "", "1; the labels tell hvd's and hv's version")       \
	X(HOST_UPTIME, "hv_host_uptime_seconds", GAUGE, "seconds", "Time since hv booted")           \
	X(HOST_CPUS, "hv_host_cpus", GAUGE, "", "Physical CPUs that run")                            \
	X(HOST_CPU_IDLE, "hv_host_cpu_idle_seconds", COUNTER, "seconds",                             \
	  "Time a physical CPU had no vCPU to run")                                                  \
	X(HOST_CPU_SWITCHES, "hv_host_cpu_switches", COUNTER, "",                                    \
	  "Times another vCPU, or none, was put on a physical CPU")                                  \
	X(HOST_CPU_STEALS, "hv_host_cpu_steals", COUNTER, "",                                        \
	  "vCPUs that an idle physical CPU took from another one's queue")                           \
	X(HOST_CPU_INTERRUPTS, "hv_host_cpu_interrupts", COUNTER, "",                                \
	  "Interrupts that a physical CPU took: of devices, of hv's timer, of other CPUs (kick)")    \
	X(HOST_MEMORY, "hv_host_memory_bytes", GAUGE, "bytes", "RAM that hv knows")                  \
	X(HOST_MEMORY_USE, "hv_host_memory_use_bytes", GAUGE, "bytes",                               \
	  "RAM by use: free, hypervisor, domains")                                                   \
	X(HOST_DOMAINS, "hv_host_domains", GAUGE, "", "Domains, the control domain included")        \
	X(HOST_VCPUS, "hv_host_vcpus", GAUGE, "", "vCPUs of all domains by state")                   \
	X(HOST_UNRECORDED, "hv_host_unrecorded", COUNTER, "",                                        \
	  "Domains and vCPUs for which hv had no room in its statistics")                            \
	/* domains */                                                                                \
	X(DOM_META, "hv_domain_info_meta", GAUGE, "", "1; the labels tell a domain's id and UUID")   \
	X(DOM_VSTATE, "hv_domain_info_vstate", GAUGE, "",                                            \
	  "State by libvirt's numbers: 1 running, 3 paused, 4 ending, 5 off, 6 crashed")             \
	X(DOM_STATE, "hv_domain_state", GAUGE, "", "1 for the state that the domain is in, else 0")  \
	X(DOM_MAX_MEMORY, "hv_domain_info_maximum_memory_bytes", GAUGE, "bytes",                     \
	  "Memory that the domain may own")                                                          \
	X(DOM_MEMORY, "hv_domain_info_memory_usage_bytes", GAUGE, "bytes",                           \
	  "Memory that the domain owns")                                                             \
	X(DOM_LEAVES, "hv_domain_memory_mappings", GAUGE, "",                                        \
	  "Pages of each size that its nested page table maps")                                      \
	X(DOM_TARGET, "hv_domain_memory_target_bytes", GAUGE, "bytes",                               \
	  "Memory that the domain is asked to keep to")                                              \
	X(DOM_VCPUS, "hv_domain_info_virtual_cpus", GAUGE, "", "vCPUs that the domain has")          \
	X(DOM_CPU_TIME, "hv_domain_info_cpu_time_seconds", COUNTER, "seconds",                       \
	  "CPU time of all vCPUs")                                                                   \
	X(DOM_WAIT, "hv_domain_wait_seconds", COUNTER, "seconds",                                    \
	  "Time that vCPUs could have run but waited for a physical CPU")                            \
	X(DOM_STARTED, "hv_domain_start_time_seconds", GAUGE, "seconds",                             \
	  "When the domain was built last, since 1970")                                              \
	X(DOM_RESTARTS, "hv_domain_restarts", COUNTER, "", "Times it was built again")               \
	X(DOM_EXITS, "hv_domain_exits", COUNTER, "", "Times a vCPU left guest code, by reason")      \
	X(DOM_EXIT_LATENCY, "hv_domain_exit_latency_seconds", HISTOGRAM, "seconds",                  \
	  "From an exit to the next entry, or until the vCPU gave up the CPU")                       \
	X(DOM_WAKE_LATENCY, "hv_domain_wakeup_latency_seconds", HISTOGRAM, "seconds",                \
	  "From an event for a sleeping vCPU until it was on a CPU")                                 \
	X(DOM_PORTS, "hv_domain_event_channels", GAUGE, "", "Event channels in use")                 \
	X(DOM_PORTS_MAX, "hv_domain_event_channels_limit", GAUGE, "", "Event channels it may use")   \
	X(DOM_EVENTS, "hv_domain_events_sent", COUNTER, "", "Events that it sent")                   \
	X(DOM_GRANT_FRAMES, "hv_domain_grant_frames", GAUGE, "", "Pages of its grant table")         \
	X(DOM_GRANT_FRAMES_MAX, "hv_domain_grant_frames_limit", GAUGE, "",                           \
	  "Pages that its grant table may have")                                                     \
	X(DOM_GRANTS, "hv_domain_grants_in_use", GAUGE, "",                                          \
	  "Uses by others of pages that it has granted")                                             \
	X(DOM_MAPPINGS, "hv_domain_grant_mappings", GAUGE, "",                                       \
	  "Mappings that it has of others' pages")                                                   \
	X(DOM_MAPPINGS_MAX, "hv_domain_grant_mappings_limit", GAUGE, "",                             \
	  "Mappings that it may have of others' pages")                                              \
	X(DOM_MAP_FRAMES, "hv_domain_grant_map_frames", GAUGE, "",                                   \
	  "Pages of hv's for the table of its mappings, which only grows")                           \
	X(DOM_NODES, "hv_domain_xenstore_nodes", GAUGE, "", "Nodes that it owns in the xenstore")    \
	X(DOM_NODES_MAX, "hv_domain_xenstore_nodes_limit", GAUGE, "",                                \
	  "Nodes that it may own in the xenstore")                                                   \
	/* vCPUs */                                                                                  \
	X(VCPU_STATE, "hv_domain_vcpu_state", GAUGE, "",                                             \
	  "State by libvirt's numbers: 0 offline, 1 running or runnable, 2 blocked")                 \
	X(VCPU_CPU, "hv_domain_vcpu_cpu", GAUGE, "", "Physical CPU that it is on, or was on last")   \
	X(VCPU_TIME, "hv_domain_vcpu_time_seconds", COUNTER, "seconds", "CPU time")                  \
	X(VCPU_DELAY, "hv_domain_vcpu_delay_seconds", COUNTER, "seconds",                            \
	  "Time it could have run but waited for a physical CPU")                                    \
	X(VCPU_BLOCKED, "hv_domain_vcpu_blocked_seconds", COUNTER, "seconds",                        \
	  "Time it slept, waiting for an event")                                                     \
	X(VCPU_EXITS, "hv_domain_vcpu_exits", COUNTER, "", "Times it left guest code")               \
	X(VCPU_EXIT_REASONS, "hv_domain_vcpu_exits_by_reason", COUNTER, "",                          \
	  "Times it left guest code, by reason")                                                     \
	X(VCPU_EXIT_LATENCY, "hv_domain_vcpu_exit_latency_seconds", HISTOGRAM, "seconds",            \
	  "From an exit to the next entry, or until it gave up the CPU")                             \
	X(VCPU_WAKE_LATENCY, "hv_domain_vcpu_wakeup_latency_seconds", HISTOGRAM, "seconds",          \
	  "From an event for it, sleeping, until it was on a CPU")                                   \
	/* disks */                                                                                  \
	X(BLK_READ_REQ, "hv_domain_block_stats_read_requests", COUNTER, "", "Reads answered")        \
	X(BLK_READ_BYTES, "hv_domain_block_stats_read_bytes", COUNTER, "bytes", "Bytes read")        \
	X(BLK_READ_TIME, "hv_domain_block_stats_read_time_seconds", COUNTER, "seconds",              \
	  "Time that reads took, each from ring to answer")                                          \
	X(BLK_WRITE_REQ, "hv_domain_block_stats_write_requests", COUNTER, "", "Writes answered")     \
	X(BLK_WRITE_BYTES, "hv_domain_block_stats_write_bytes", COUNTER, "bytes", "Bytes written")   \
	X(BLK_WRITE_TIME, "hv_domain_block_stats_write_time_seconds", COUNTER, "seconds",            \
	  "Time that writes took")                                                                   \
	X(BLK_FLUSH_REQ, "hv_domain_block_stats_flush_requests", COUNTER, "", "Flushes answered")    \
	X(BLK_FLUSH_TIME, "hv_domain_block_stats_flush_time_seconds", COUNTER, "seconds",            \
	  "Time that flushes took")                                                                  \
	X(BLK_DISCARD_REQ, "hv_domain_block_stats_discard_requests", COUNTER, "",                    \
	  "Discards answered")                                                                       \
	X(BLK_DISCARD_BYTES, "hv_domain_block_stats_discard_bytes", COUNTER, "bytes",                \
	  "Bytes discarded")                                                                         \
	X(BLK_ERRORS, "hv_domain_block_stats_errors", COUNTER, "",                                   \
	  "Requests answered with an error, by operation")                                           \
	X(BLK_BAD, "hv_domain_block_stats_bad_requests", COUNTER, "",                                \
	  "Requests refused for what they said")                                                     \
	X(BLK_LATENCY, "hv_domain_block_latency_seconds", HISTOGRAM, "seconds",                      \
	  "From ring to answer, by operation")                                                       \
	X(BLK_CAPACITY, "hv_domain_block_stats_capacity_bytes", GAUGE, "bytes", "Size of the disk")  \
	X(BLK_IN_FLIGHT, "hv_domain_block_in_flight", GAUGE, "", "Requests taken, not answered")     \
	X(BLK_DEPTH, "hv_domain_block_queue_depth", GAUGE, "",                                       \
	  "Requests that the guest's rings can hold; 0: not connected")                              \
	X(BLK_THROTTLED, "hv_domain_block_throttled_requests", COUNTER, "",                          \
	  "Requests held back for the disk's limits")                                                \
	X(BLK_THROTTLED_TIME, "hv_domain_block_throttled_seconds", COUNTER, "seconds",               \
	  "Time that requests were held back for the disk's limits")                                 \
	X(BLK_STALLS, "hv_domain_block_stalls", COUNTER, "",                                         \
	  "Times that the disk did not answer for 5 seconds")                                        \
	X(BLK_STALLED, "hv_domain_block_stalled", GAUGE, "", "1: it does not answer now")            \
	X(BLK_STOPPED, "hv_domain_block_stopped_requests", GAUGE, "",                                \
	  "Requests that have failed and wait for 'hvctl resume'")                                   \
	X(BLK_UP, "hv_domain_block_backend_up", GAUGE, "", "1: the process that serves it runs")     \
	X(BLK_CONNECTED, "hv_domain_block_connected", GAUGE, "", "1: the guest uses it")             \
	X(BLK_RESTARTS, "hv_domain_block_backend_restarts", COUNTER, "",                             \
	  "Times the process that serves it was started anew")                                       \
	X(RBD_STATE, "hv_domain_block_rbd_state", GAUGE, "",                                         \
	  "1 for the state of the image's connection to its cluster, else 0")                        \
	X(RBD_CONNECTS, "hv_domain_block_rbd_connects", COUNTER, "", "Connections to the cluster")   \
	X(RBD_SILENCE, "hv_domain_block_rbd_silence_seconds", GAUGE, "seconds",                      \
	  "Time since the cluster's last answer to a request")                                       \
	X(RBD_SLOW, "hv_domain_block_rbd_slow_requests", COUNTER, "",                                \
	  "Requests that the cluster took too long for")                                             \
	X(RBD_LOCKED, "hv_domain_block_rbd_locked", GAUGE, "",                                       \
	  "1: its process holds the image's exclusive lock")                                         \
	X(RBD_LOCK_LOSSES, "hv_domain_block_rbd_lock_losses", COUNTER, "",                           \
	  "Times another client was given the image")                                                \
	X(RBD_ABANDONED, "hv_domain_block_rbd_abandoned_bytes", GAUGE, "bytes",                      \
	  "Memory of writes that were in flight when the image was lost, kept for good")             \
	/* interfaces */                                                                             \
	X(NET_RX_BYTES, "hv_domain_interface_stats_receive_bytes", COUNTER, "bytes",                 \
	  "Bytes that the guest received")                                                           \
	X(NET_RX_PACKETS, "hv_domain_interface_stats_receive_packets", COUNTER, "",                  \
	  "Packets that the guest received")                                                         \
	X(NET_RX_ERRORS, "hv_domain_interface_stats_receive_errors", COUNTER, "",                    \
	  "Packets lost because the guest's memory could not be written")                            \
	X(NET_RX_DROPS, "hv_domain_interface_stats_receive_drops", COUNTER, "",                      \
	  "Packets that the guest cannot take")                                                      \
	X(NET_TX_BYTES, "hv_domain_interface_stats_transmit_bytes", COUNTER, "bytes",                \
	  "Bytes that the guest sent")                                                               \
	X(NET_TX_PACKETS, "hv_domain_interface_stats_transmit_packets", COUNTER, "",                 \
	  "Packets that the guest sent")                                                             \
	X(NET_TX_ERRORS, "hv_domain_interface_stats_transmit_errors", COUNTER, "",                   \
	  "Packets of the guest that were malformed or could not be read")                           \
	X(NET_TX_DROPS, "hv_domain_interface_stats_transmit_drops", COUNTER, "",                     \
	  "Packets of the guest that the host's interface did not take")                             \
	X(NET_UP, "hv_domain_interface_backend_up", GAUGE, "", "1: the process that serves it runs") \
	X(NET_CONNECTED, "hv_domain_interface_connected", GAUGE, "", "1: the guest uses it")         \
	X(NET_RESTARTS, "hv_domain_interface_backend_restarts", COUNTER, "",                         \
	  "Times the process that serves it was started anew")                                       \
	/* hvd itself */                                                                             \
	X(HVD_CPU, "process_cpu_seconds", COUNTER, "seconds", "CPU time of hvd")                     \
	X(HVD_MEMORY, "process_resident_memory_bytes", GAUGE, "bytes", "Memory of hvd")              \
	X(HVD_FDS, "process_open_fds", GAUGE, "", "Descriptors that hvd has open")                   \
	X(HVD_MAX_FDS, "process_max_fds", GAUGE, "", "Descriptors that hvd may have open")           \
	X(HVD_STARTED, "process_start_time_seconds", GAUGE, "seconds", "When hvd started, since 1970") \
	X(HVD_EVENTS, "hv_hvd_events", COUNTER, "", "Events that hvd has reported")                  \
	X(HVD_SCRAPES, "hv_hvd_scrapes", COUNTER, "", "Times this text was made")                    \
	X(HVD_SCRAPE_CPU, "hv_hvd_scrape_cpu_seconds", COUNTER, "seconds",                           \
	  "CPU time that making it took, before this time")                                          \
	X(HVD_HTTP_CONNS, "hv_hvd_http_connections", GAUGE, "", "Open connections to this endpoint") \
	X(HVD_HTTP_DROPPED, "hv_hvd_http_dropped", COUNTER, "",                                      \
	  "Connections closed because there were too many, or for their slowness")

enum metrics_family {
#define X(id, name, type, unit, help) FAMILY_##id,
	METRICS_FAMILIES(X)
#undef X
	NR_FAMILIES
};

extern const struct expo_family families[NR_FAMILIES];

#endif
