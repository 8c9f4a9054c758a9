#!/usr/bin/perl
# Sends every line of its standard input to systemd (sd_notify): Node has no datagram sockets of this kind, and starting
# systemd-notify for every beat would halt the gate for the time of a fork. Ends with its input. Only perl-base is used.
# The unit needs NotifyAccess=all, because it is not the main process that sends.
use strict;
use warnings;
use Socket;

$SIG{$_} = 'IGNORE' for qw(INT TERM HUP PIPE);
my $path = shift // die "no socket\n";
$path =~ s/^@/\0/;    # an abstract address
socket my $s, AF_UNIX, SOCK_DGRAM, 0 or die "socket: $!\n";
connect $s, pack_sockaddr_un($path) or die "$path: $!\n";
while (my $line = <STDIN>) {
    chomp $line;
    send $s, "$line\n", 0;
}
