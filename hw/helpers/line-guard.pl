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
my $ticks = POSIX::sysconf(&POSIX::_SC_CLK_TCK);

sub now { (POSIX::times())[0] / $ticks }          # monotonic, in steps of 10 ms

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
