/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of all metrics, out of the list in families.h. */
#include "metrics/families.h"

const struct expo_family families[NR_FAMILIES] = {
#define X(id, name, type, unit, help) { name, EXPO_##type, unit, help },
	METRICS_FAMILIES(X)
#undef X
};
