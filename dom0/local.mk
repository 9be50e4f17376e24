# SPDX-License-Identifier: GPL-2.0-or-later
# dom0/: what makes a host: kernel payload extractor, image builder, GRUB script, systemd units.

sbin_PROGRAMS += dom0/kernel/hv-extract-kernel
dom0_kernel_hv_extract_kernel_SOURCES = dom0/kernel/hv-extract-kernel.c \
	dom0/kernel/elf_compact.c dom0/kernel/elf_compact.h
dom0_kernel_hv_extract_kernel_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/dom0/kernel
dom0_kernel_hv_extract_kernel_LDADD = tools/lib/libhvutil.a $(KERNEL_LIBS)

# Into the image only; static, because it runs before anything else is there.
noinst_PROGRAMS += dom0/image/hv-seed
dom0_image_hv_seed_SOURCES = dom0/image/hv-seed.c
dom0_image_hv_seed_CFLAGS = -std=gnu11 $(HOSTED_WARN_CFLAGS) $(HOSTED_CFLAGS)
dom0_image_hv_seed_LDFLAGS = -static

dist_noinst_SCRIPTS += dom0/image/build-host dom0/image/build-boot dom0/image/host-init \
	dom0/image/build-guest dom0/image/guest-init dom0/image/demo dom0/image/demo-prepare \
	dom0/image/build-installed dom0/image/installed-run
dist_noinst_DATA += dom0/image/common.sh dom0/image/vm.xml

# What a Debian host needs besides: hooks and units, with this installation's paths in them.
SUBSTITUTE = sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@bootdir[@]|$(bootdir)|g' \
	-e 's|@confdir[@]|$(confdir)|g' -e 's|@grubdefaultdir[@]|$(grubdefaultdir)|g' \
	-e 's|@bindir[@]|$(bindir)|g' -e 's|@pkglibexecdir[@]|$(pkglibexecdir)|g'
dom0/kernel/hv-kernel: dom0/kernel/hv-kernel.in Makefile
dom0/kernel/postinst: dom0/kernel/postinst.in Makefile
dom0/kernel/postrm: dom0/kernel/postrm.in Makefile
dom0/grub.d/20_linux_hv: dom0/grub.d/20_linux_hv.in Makefile
dom0/systemd/hvd.service: dom0/systemd/hvd.service.in Makefile
dom0/systemd/hv-guests.service: dom0/systemd/hv-guests.service.in Makefile
dom0/systemd/stop-guests: dom0/systemd/stop-guests.in Makefile
DOM0_MADE = dom0/kernel/hv-kernel dom0/kernel/postinst dom0/kernel/postrm dom0/grub.d/20_linux_hv \
	dom0/systemd/hvd.service dom0/systemd/hv-guests.service dom0/systemd/stop-guests
$(DOM0_MADE):
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SUBSTITUTE) $(srcdir)/$@.in >$@.tmp && chmod +x $@.tmp && mv $@.tmp $@
noinst_DATA += $(DOM0_MADE)
CLEANFILES += $(DOM0_MADE)
EXTRA_DIST += dom0/kernel/hv-kernel.in dom0/kernel/postinst.in dom0/kernel/postrm.in \
	dom0/grub.d/20_linux_hv.in dom0/systemd/hvd.service.in \
	dom0/systemd/hv-guests.service.in dom0/systemd/stop-guests.in

sbin_SCRIPTS = dom0/kernel/hv-kernel
grub_SCRIPTS = dom0/grub.d/20_linux_hv
pkglibexec_SCRIPTS = dom0/systemd/stop-guests
systemdsystemunit_DATA = dom0/systemd/hvd.service dom0/systemd/hv-guests.service
dist_systemdsystemunit_DATA = dom0/systemd/hvd.socket dom0/systemd/proc-xen.mount
EXTRA_DIST += dom0/systemd/sysusers.conf dom0/grub.d/hv.cfg

# Settings of a host: never over those that are there, and away again only if nobody changed them.
install-data-local:
	$(MKDIR_P) $(DESTDIR)$(kernelhooksdir)/postinst.d $(DESTDIR)$(kernelhooksdir)/postrm.d \
		$(DESTDIR)$(prefix)/lib/sysusers.d $(DESTDIR)$(confdir) $(DESTDIR)$(grubdefaultdir)
	$(INSTALL_SCRIPT) dom0/kernel/postinst $(DESTDIR)$(kernelhooksdir)/postinst.d/hv
	$(INSTALL_SCRIPT) dom0/kernel/postrm $(DESTDIR)$(kernelhooksdir)/postrm.d/hv
	$(INSTALL_DATA) $(srcdir)/dom0/systemd/sysusers.conf $(DESTDIR)$(prefix)/lib/sysusers.d/hvd.conf
	test -e $(DESTDIR)$(confdir)/hvd.conf || \
		$(INSTALL_DATA) $(srcdir)/tools/hvd/hvd.conf $(DESTDIR)$(confdir)/hvd.conf
	test -e $(DESTDIR)$(grubdefaultdir)/hv.cfg || \
		$(INSTALL_DATA) $(srcdir)/dom0/grub.d/hv.cfg $(DESTDIR)$(grubdefaultdir)/hv.cfg
uninstall-local:
	rm -f $(DESTDIR)$(kernelhooksdir)/postinst.d/hv $(DESTDIR)$(kernelhooksdir)/postrm.d/hv \
		$(DESTDIR)$(prefix)/lib/sysusers.d/hvd.conf
	! cmp -s $(srcdir)/tools/hvd/hvd.conf $(DESTDIR)$(confdir)/hvd.conf || rm -f $(DESTDIR)$(confdir)/hvd.conf
	! cmp -s $(srcdir)/dom0/grub.d/hv.cfg $(DESTDIR)$(grubdefaultdir)/hv.cfg || \
		rm -f $(DESTDIR)$(grubdefaultdir)/hv.cfg

dist_man_MANS += docs/man/hv-kernel.8 docs/man/hv-extract-kernel.8
