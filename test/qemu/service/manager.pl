# A service manager for one program: hands over a listening socket, a netlink socket with the kernel's events and a socket of another name, and
# writes the notifications that it gets into a file.
#   perl manager.pl CONTROL NOTIFY FILE PROGRAM [WORDS...]
use strict;
use warnings;
use POSIX ();
use Socket;

$^F = 100; # what is opened here stays open in the program
my ($control, $notify, $file, @program) = @ARGV;

socket(my $heard, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
bind($heard, pack_sockaddr_un($notify)) or die "bind $notify: $!";

my $pid = $$;
if (fork() == 0) {
  open(my $out, '>>', $file) or die "$file: $!";
  $out->autoflush(1);
  while (getppid() == $pid) {
    my $wanted = '';
    vec($wanted, fileno($heard), 1) = 1;
    next unless select($wanted, undef, undef, 0.2);
    recv($heard, my $text, 4096, 0);
    $text =~ s/\n/ /g;
    print $out "$text\n";
  }
  POSIX::_exit(0);
}

socket(my $listener, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
bind($listener, pack_sockaddr_un($control)) or die "bind $control: $!";
listen($listener, 16) or die "listen: $!";
# AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT; struct sockaddr_nl with group 1
socket(my $kernel, 16, 3, 15) or die "netlink: $!";
bind($kernel, pack('S S L L', 16, 0, 0, 1)) or die "bind netlink: $!";
socket(my $other, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!";

# first out of the way of the numbers that they get
my @given = map { POSIX::dup(fileno($_)) + 0 } ($listener, $kernel, $other);
my @high = map { my $to = 50 + $_; POSIX::dup2($given[$_], $to); $to } 0 .. 2;
POSIX::close($_) for 3 .. 49;
POSIX::dup2($high[$_], 3 + $_) for 0 .. 2;
POSIX::close($_) for @high;

$ENV{LISTEN_PID} = $$;
$ENV{LISTEN_FDS} = 3;
$ENV{LISTEN_FDNAMES} = 'control:uevent:other';
$ENV{NOTIFY_SOCKET} = $notify;
$ENV{WATCHDOG_USEC} = 600000;
exec(@program) or die "exec: $!";
