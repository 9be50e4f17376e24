# SPDX-License-Identifier: GPL-2.0-or-later
# 'nm -n' of the image, on stdin -> assembly of the table that backtrace.c searches: addresses and
# names of its functions, ascending.
BEGIN {
	nr = 0
	offset = 0
}
$2 ~ /^[tTwW]$/ && $3 !~ /^\./ && $3 !~ /^image_/ {
	address[nr] = $1
	name[nr++] = $3
}
END {
	print "\t.section .symbols, \"a\""
	print "\t.globl nr_symbols, symbols, symbol_names"
	print "\t.balign 8"
	print "nr_symbols:\n\t.long " nr ", 0"
	print "symbols:"
	for (i = 0; i < nr; i++) {
		print "\t.long 0x" substr(address[i], length(address[i]) - 7) ", " offset
		offset += length(name[i]) + 1
	}
	print "symbol_names:"
	for (i = 0; i < nr; i++)
		print "\t.asciz \"" name[i] "\""
	print "\t.byte 0"
	print "\t.section .note.GNU-stack, \"\", @progbits"
}
