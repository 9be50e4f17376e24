# SPDX-License-Identifier: GPL-2.0-or-later
# stubdom/: freestanding guests for tests and benchmarks.
