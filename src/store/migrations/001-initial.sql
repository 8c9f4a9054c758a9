-- Times are ms since 1970 UTC by the wall clock, which may jump: the order of things is `seq`, the order of commit.

create table setting (
  -- Small facts that outlive a restart.
  name  text primary key,
  value text not null
) strict, without rowid;

create table access_rule (
  -- Who may pass and who may not; dates and schedules are kept as entered.
  seq           integer primary key autoincrement,
  id            text not null unique,
  plate         text not null check (length(plate) between 1 and 64),
  effect        text not null check (effect in ('allow', 'deny')),
  owner         text not null,
  group_name    text not null,
  note          text not null,
  valid_from    text not null,
  valid_to      text not null,
  schedule      text not null,
  direction     text not null check (direction in ('any', 'entry', 'exit')),
  tolerance     integer not null check (tolerance between 0 and 3),
  uses_left     integer check (uses_left >= 0),
  anti_passback text not null check (anti_passback in ('off', 'soft', 'hard')),
  created_at    integer not null
) strict;

create table pass (
  -- One vehicle at the gate. `plate` is a plate, or `#` and a keyed hash where unknown plates are not to be kept.
  seq         integer primary key autoincrement,
  id          text not null unique,
  site        text not null,
  gate        text not null,
  camera      text not null,
  track_id    text not null,
  started_at  integer not null,
  ended_at    integer check (ended_at is null or ended_at >= 0),
  plate       text not null,
  probability real not null check (probability between 0 and 1),
  direction   text not null check (direction in ('approaching', 'leaving', 'unknown')),
  frames      integer not null check (frames >= 0),
  verdict     text not null check (verdict in ('granted', 'denied', 'ask')),
  reason      text not null,
  sentence    text not null,
  clip_id     text
) strict;
create index pass_by_plate on pass (plate, seq);
create index pass_by_start on pass (started_at);
create index pass_by_verdict on pass (verdict, seq);

create table plate_read (
  -- What was read: text, and the probability of every character at every position.
  -- `chars`: one byte per character of `text`; `evidence`: 37 bytes per position, alphabet `-0-9A-Z`; probability * 255, rounded.
  seq         integer primary key autoincrement,
  pass_seq    integer not null references pass (seq) on delete cascade,
  at          integer not null,
  text        text not null,
  probability real not null check (probability between 0 and 1),
  chars       blob not null,
  evidence    blob not null check (length(evidence) % 37 = 0)
) strict;
create index plate_read_by_pass on plate_read (pass_seq);

create table picture (
  -- JPEG of the straightened crop and of the very frame that was read.
  pass_seq integer not null references pass (seq) on delete cascade,
  kind     text not null check (kind in ('crop', 'frame')),
  jpeg     blob not null,
  primary key (pass_seq, kind)
) strict;

create table track (
  -- One vehicle followed by one camera.
  id       text primary key,
  pass_seq integer not null references pass (seq) on delete cascade,
  camera   text not null,
  first_at integer not null,
  last_at  integer not null,
  frames   integer not null check (frames >= 0)
) strict, without rowid;
create index track_by_pass on track (pass_seq);

create table detection (
  -- A plate found in one frame of a track; box is left, top, width, height, quad four corners, JSON, in pixels.
  seq        integer primary key autoincrement,
  track_id   text not null references track (id) on delete cascade,
  at         integer not null,
  box        text not null check (json_valid(box)),
  quad       text not null check (json_valid(quad)),
  confidence real not null check (confidence between 0 and 1)
) strict;
create index detection_by_track on detection (track_id);

create table chain (
  -- Decisions and changes of configuration, each bound to the one before:
  -- content_hash = sha256(salt || content), hash = sha256(previous hash || kind || content_hash).
  -- Forgetting one empties salt and content: the chain still proves its place, and the plate cannot be guessed from the hash.
  seq          integer primary key,
  kind         text not null check (kind in ('decision', 'audit')),
  salt         blob,
  content      text,
  content_hash blob not null check (length(content_hash) = 32),
  hash         blob not null check (length(hash) = 32),
  check ((salt is null) = (content is null))
) strict;

create table decision (
  -- Granted, denied or ask, with the reason and everything it was made from.
  seq         integer primary key autoincrement,
  id          text not null unique,
  pass_id     text not null,
  at          integer not null,
  verdict     text not null check (verdict in ('granted', 'denied', 'ask')),
  reason      text not null,
  sentence    text not null,
  rule_id     text,
  plate       text not null,
  probability real not null check (probability between 0 and 1),
  evidence    text not null,
  chain_seq   integer not null references chain (seq)
) strict;
create index decision_by_pass on decision (pass_id);
create index decision_by_plate on decision (plate);

create table audit (
  -- Who did what.
  seq       integer primary key autoincrement,
  id        text not null unique,
  at        integer not null,
  actor     text not null,
  action    text not null,
  subject   text not null,
  detail    text not null check (json_valid(detail)),
  chain_seq integer not null references chain (seq)
) strict;

create table segment (
  -- One finished file of the recording ring. A row exists only while its file does.
  seq              integer primary key autoincrement,
  id               text not null unique,
  camera           text not null,
  path             text not null unique,
  started_at       integer not null,
  ended_at         integer not null check (ended_at >= started_at),
  bytes            integer not null check (bytes >= 0),
  boot_id          text,
  monotonic_end_ms integer
) strict;
create index segment_by_time on segment (camera, started_at);

create table clip (
  -- The video of a pass, or one started by hand, as a file of its own.
  seq        integer primary key autoincrement,
  id         text not null unique,
  pass_id    text,
  camera     text not null,
  path       text not null unique,
  started_at integer not null,
  ended_at   integer not null check (ended_at >= started_at),
  bytes      integer not null check (bytes >= 0),
  pinned     integer not null default 0 check (pinned in (0, 1)),
  kind       text not null check (kind in ('known', 'unknown', 'manual'))
) strict;
create index clip_by_pass on clip (pass_id);
create index clip_by_kind on clip (kind, pinned, seq);

create table clip_request (
  -- A clip that was promised and is not written yet: segments it needs are not rotated away.
  id         text primary key,
  pass_id    text,
  camera     text not null,
  from_at    integer not null,
  to_at      integer not null check (to_at >= from_at),
  kind       text not null check (kind in ('known', 'unknown', 'manual')),
  created_at integer not null
) strict, without rowid;

create table garbage (
  -- Files whose row is gone and that may be removed; the row goes when the file is gone.
  path text primary key
) strict, without rowid;

create table outbox (
  -- Events that wait for an acknowledgement of the receiver, in order of commit. Acknowledged ones stay for a while
  -- without their payload, so that a repeated call cannot report the same event twice.
  seq          integer primary key autoincrement,
  id           text not null unique,
  kind         text not null,
  at           integer not null,
  payload      text not null,
  acknowledged integer not null default 0 check (acknowledged in (0, 1))
) strict;
create index outbox_pending on outbox (seq) where acknowledged = 0;

create table line_edge (
  -- Levels that input and output lines took.
  seq    integer primary key autoincrement,
  at     integer not null,
  line   text not null,
  kind   text not null check (kind in ('input', 'output')),
  active integer not null check (active in (0, 1)),
  cause  text not null
) strict;

create table person (
  -- Who lives or works here.
  id    text primary key,
  name  text not null,
  unit  text not null,
  phone text not null,
  note  text not null
) strict, without rowid;

create table vehicle (
  -- What they drive.
  id        text primary key,
  plate     text not null,
  person_id text references person (id) on delete set null,
  make      text not null,
  colour    text not null,
  note      text not null
) strict, without rowid;
create unique index vehicle_by_plate on vehicle (plate);

create table operator (
  -- People who may use the page; the hash comes from the web part, never a password.
  id            text primary key,
  name          text not null unique,
  role          text not null check (role in ('viewer', 'operator', 'admin')),
  password_hash text not null,
  created_at    integer not null,
  disabled      integer not null check (disabled in (0, 1))
) strict, without rowid;

create table wear (
  -- Bytes written per day (UTC) and subsystem, for the flash-wear budget.
  day       text not null check (day glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
  subsystem text not null,
  bytes     integer not null check (bytes >= 0),
  primary key (day, subsystem)
) strict, without rowid;
