# SPDX-License-Identifier: GPL-2.0-or-later
# debian/: packages of this tree, by 'make deb' or dpkg-buildpackage.

EXTRA_DIST += debian/changelog debian/control debian/copyright debian/hv-doc.docs debian/hv-doc.examples \
	debian/hv.install debian/hv.postinst debian/hv.postrm debian/hv.prerm \
	debian/hvctl.install debian/hvd.install debian/hvd.postinst debian/hvd.postrm debian/hvd.prerm debian/hvd.lintian-overrides \
	debian/not-installed debian/rules debian/source/format

# In a copy of the sources, because dpkg-buildpackage leaves its traces beside them; not again while
# these are the same.
DEB_SOURCE = $(PACKAGE)-$(VERSION)
deb:
	$(MKDIR_P) deb && rm -rf deb/$(DEB_SOURCE)
	$(MAKE) $(AM_MAKEFLAGS) distdir distdir=deb/$(DEB_SOURCE) >deb/distdir.log 2>&1 || { cat deb/distdir.log; exit 1; }
	cd deb && key=`find $(DEB_SOURCE) -type f ! -path '*/tests/*' | LC_ALL=C sort | xargs sha256sum | sha256sum` && \
	if test "$$key" != "`cat key 2>/dev/null`"; then \
		rm -f key *.deb *.changes *.buildinfo && \
		(cd $(DEB_SOURCE) && dpkg-buildpackage -us -uc -b) && echo "$$key" >key; \
	fi
	rm -rf deb/$(DEB_SOURCE)
	@ls deb/*.deb
clean-local:
	rm -rf deb
.PHONY: deb
