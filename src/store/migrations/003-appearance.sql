-- Nothing ever filled the first form of this table, which knew neither recipe nor detector.
drop table appearance;
create table appearance (
  -- What the vehicle of a pass looks like: 256 signed bytes of which the direction counts. `model` names the recipe and the
  -- detector they were made with; those of different ones are never compared.
  pass_seq integer primary key references pass (seq) on delete cascade,
  model    text not null,
  vector   blob not null check (length(vector) = 256)
) strict;

-- How much the vehicle looked like those that came with the same plate before; null where nothing could be said.
alter table pass add column looks_compared integer check (looks_compared >= 1);
alter table pass add column looks_likeness real check (looks_likeness between -1.001 and 1.001);
alter table pass add column looks_odd integer check (looks_odd in (0, 1));
create index pass_by_oddity on pass (seq) where looks_odd = 1;

-- A call that is repeated after the thread was started again must not double them.
delete from detection where seq not in (select min(seq) from detection group by track_id, at);
create unique index detection_by_moment on detection (track_id, at);
drop index detection_by_track;
