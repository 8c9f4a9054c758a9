#!/usr/bin/perl
# Holds GPIO lines through the kernel's character device (uAPI v2, kernels since 5.10) for the gate process, and is the
# watchdog of its outputs: what was energised for longer than the gate said is released here, and everything when the gate
# is gone, which is when the standard input ends. Uses nothing but perl-base, which every Debian has.
#
# Told on standard input:                          Tells on standard output:
#   out NAME ACTIVELOW BIAS OFFSET LABEL             opened NAME LEVEL · failed NAME CODE TEXT
#   in NAME ACTIVELOW BIAS OFFSET LABEL              edge NAME LEVEL
#   set NAME LEVEL CAPMS                             level NAME LEVEL  (read back) · failed NAME CODE TEXT
#   close NAME                                       cut NAME
# Levels are logical: 1 is energised or active, whatever the polarity.
use strict;
use warnings;
use POSIX ();

$SIG{$_} = 'IGNORE' for qw(INT TERM HUP PIPE);
$| = 1;

# linux/gpio.h
sub iowr { my ($nr, $size, $dir) = @_; ($dir << 30) | ($size << 16) | (0xB4 << 8) | $nr }
my $CHIPINFO = iowr(0x01, 68, 2);
my $GET_LINE = iowr(0x07, 592, 3);
my $GET      = iowr(0x0E, 16, 3);
my $SET      = iowr(0x0F, 16, 3);
my %FLAG     = (low => 1 << 1, in => (1 << 2) | (1 << 4) | (1 << 5), out => 1 << 3,
                'pull-up' => 1 << 8, 'pull-down' => 1 << 9, off => 1 << 10, '-' => 0);

my (%line, %due);
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

sub chips {
    my %chip;
    for my $path (sort grep { !-l } glob '/dev/gpiochip*') {    # Raspberry Pi OS has links to chips under old names
        open my $fh, '+<', $path or do { $chip{"$path ($!)"} = undef; next };
        my $info = "\0" x 68;
        ioctl $fh, $CHIPINFO, $info or next;
        my (undef, $label, $lines) = unpack 'Z32 Z32 L', $info;
        push @{ $chip{$label} }, [ $fh, $lines ];
    }
    return \%chip;
}

sub opened {
    my ($kind, $name, $low, $bias, $offset, $label) = @_;
    my $all  = chips();
    my $some = $all->{$label};
    return "NOCHIP " . join(', ', sort keys %$all) unless $some;
    return "TWOCHIPS " . scalar @$some if @$some > 1;
    my ($chip, $lines) = @{ $some->[0] };
    return 'NOLINE ' . ($lines - 1) if $offset >= $lines;
    my $flags   = $FLAG{$kind} | ($low ? $FLAG{low} : 0) | ($FLAG{$bias} // 0);
    my $request = pack 'L64 a32 Q L x20 x240 L L x20 l', $offset, (0) x 63, "plategate $name", $flags, 0, 1, 0, 0;
    ioctl $chip, $GET_LINE, $request or return ($! + 0) . " $!";
    my $fd = unpack 'l', substr $request, 588, 4;
    open my $fh, '+<&=', $fd or return ($! + 0) . " $!";
    $line{$name} = { fh => $fh, fd => $fd, kind => $kind, told => -1 };
    return undef;
}

sub level {
    my ($name) = @_;
    my $values = pack 'Q Q', 0, 1;
    ioctl $line{$name}{fh}, $GET, $values or return undef;
    return (unpack 'Q', $values) & 1;
}

sub put {
    my ($name, $on) = @_;
    delete $due{$name};
    my $values = pack 'Q Q', $on ? 1 : 0, 1;
    return ioctl $line{$name}{fh}, $SET, $values;
}

sub told {
    my ($word, $name, @more) = split ' ', shift, 6;
    return unless defined $name;
    if ($word eq 'out' || $word eq 'in') {
        my $problem = opened($word, $name, @more);
        print defined $problem ? "failed $name $problem\n" : "opened $name " . (level($name) // 0) . "\n";
    }
    elsif (!$line{$name}) { return }
    elsif ($word eq 'set') {
        put($name, $more[0]) or print "failed $name " . ($! + 0) . " $!\n";
        $due{$name} = now() + $more[1] / 1000 if $more[0] && $more[1];
        print "level $name " . (level($name) // 0) . "\n";
    }
    elsif ($word eq 'close') {
        put($name, 0) if $line{$name}{kind} eq 'out';
        close $line{$name}{fh};
        delete $line{$name};
    }
}

sub events {
    my ($name) = @_;
    sysread $line{$name}{fh}, my $buffer, 48 * 16 or return;
    for (my $at = 0 ; $at + 48 <= length $buffer ; $at += 48) {
        my $id = unpack 'L', substr $buffer, $at + 8, 4;
        tell_level($name, $id == 1 ? 1 : 0, 1);
    }
    look($name);    # should the kernel's queue ever have overflowed, the level is right all the same
}

sub tell_level {
    my ($name, $level, $always) = @_;
    return if !$always && $line{$name}{told} == $level;
    $line{$name}{told} = $level;
    print "edge $name $level\n";
}

sub look {
    my ($name) = @_;
    my $level = level($name);
    tell_level($name, $level, 0) if defined $level && $line{$name}{told} >= 0;
}

while (1) {
    my $now = now();
    for my $name (grep { $due{$_} <= $now } keys %due) {
        put($name, 0);
        print "cut $name\nlevel $name " . (level($name) // 0) . "\n";
    }
    my ($wait) = sort { $a <=> $b } 1, map { $_ - $now } values %due;
    my $in = '';
    vec($in, 0, 1) = 1;
    vec($in, $_->{fd}, 1) = 1 for grep { $_->{kind} eq 'in' } values %line;
    my $n = select $in, undef, undef, $wait;
    for my $name (grep { $line{$_}{kind} eq 'in' } keys %line) {
        if   ($n > 0 && vec($in, $line{$name}{fd}, 1)) { events($name) }
        else                                          { look($name) }
    }
    next unless $n > 0 && vec($in, 0, 1);
    my $got = sysread STDIN, $rest, 4096, length $rest;
    last if defined $got && $got == 0;
    next unless $got;
    while ($rest =~ s/^([^\n]*)\n//) { told($1) }
}
put($_, 0) for grep { $line{$_}{kind} eq 'out' } keys %line;
POSIX::_exit(0);    # nobody listens any more: no complaint about that
