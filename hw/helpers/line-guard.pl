#!/usr/bin/perl
# Releases GPIO lines in sysfs when the gate process does not: it was energised for longer than it said, or it is gone.
# It is told one line at a time on standard input; the end of the input means that the gate is dead.
# Uses nothing but perl-base, which every Debian has.
#
#   watch NAME SAFE FILE   this value file, and the level that is safe
#   on NAME MS             energised now; release it after MS (0: only at the end of the input)
#   off NAME               released by the gate
#   forget NAME            given back; never touched again
use strict;
use warnings;
use POSIX ();

$SIG{$_} = 'IGNORE' for qw(INT TERM HUP PIPE);    # only the end of the input ends it
$| = 1;
my (%file, %safe, %due, %on);
my $rest  = '';

# CLOCK_MONOTONIC in seconds; perl-base has no module for it. A 32-bit Perl on a 64-bit kernel has other numbers than its
# machine's name says, so the answer is compared with times(), which is exact to 10 ms and good enough where it must be.
my $hertz = POSIX::sysconf(&POSIX::_SC_CLK_TCK);
my $call  = { x86_64 => 228, aarch64 => 113, armv7l => 263, armv6l => 263 }->{ (POSIX::uname())[4] };
sub ticks { (POSIX::times())[0] / $hertz }
sub exact {
    my $time = pack 'l! l!', 0, 0;
    syscall($call, 1, $time) == 0 or return 0;
    my ($s, $ns) = unpack 'l! l!', $time;
    return $s + $ns / 1e9;
}
undef $call unless $call && exact() > 0 && same_pace();
sub same_pace {
    my ($e, $t) = (exact(), ticks());
    select undef, undef, undef, 0.03;
    return abs((exact() - $e) - (ticks() - $t)) < 0.025;
}
sub now { $call ? exact() : ticks() }

sub release {
    my ($name) = @_;
    delete $due{$name};
    delete $on{$name};
    my $fh = $file{$name} or return;
    sysseek $fh, 0, 0;
    syswrite $fh, $safe{$name};
}

sub told {
    my ($word, $name, @more) = split ' ', shift, 4;
    return unless defined $name;
    if ($word eq 'watch') {
        open my $fh, '+<', $more[1] or do { print "failed $name $!\n"; return };
        ($file{$name}, $safe{$name}) = ($fh, $more[0] ? '1' : '0');
    }
    elsif ($word eq 'on') {
        $on{$name} = 1;
        delete $due{$name};
        $due{$name} = now() + $more[0] / 1000 if $more[0];
    }
    elsif ($word eq 'off')    { delete $due{$name}; delete $on{$name} }
    elsif ($word eq 'forget') { delete $$_{$name} for \%file, \%safe, \%due, \%on }
}

while (1) {
    my $now = now();
    for my $name (grep { $due{$_} <= $now } keys %due) { release($name); print "cut $name\n" }
    my ($wait) = sort { $a <=> $b } map { $_ - $now } values %due;
    my $in = '';
    vec($in, 0, 1) = 1;
    next unless select($in, undef, undef, $wait) > 0;
    my $n = sysread STDIN, $rest, 4096, length $rest;
    last if defined $n && $n == 0;
    next unless $n;
    while ($rest =~ s/^([^\n]*)\n//) { told($1) }
}
release($_) for keys %on;
POSIX::_exit(0);    # nobody listens any more: no complaint about that
