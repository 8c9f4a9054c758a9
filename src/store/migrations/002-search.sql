create table reading (
  -- Every distinct text that was read, with the evidence of its first reading; the soft search looks through these.
  id       integer primary key,
  text     text not null unique,
  evidence blob not null check (length(evidence) % 37 = 0)
) strict;
insert into reading (text, evidence) select text, evidence from plate_read group by text;
create index plate_read_by_text on plate_read (text, pass_seq);

create table appearance (
  -- What the vehicle of a pass looks like to the detector: 32-bit floats, of unit length.
  pass_seq integer primary key references pass (seq) on delete cascade,
  vector   blob not null check (length(vector) % 4 = 0)
) strict;
