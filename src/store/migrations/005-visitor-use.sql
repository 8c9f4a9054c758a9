create table visitor_use (
  -- Uses of visitor passes that were counted since the appliance started. One that is given back, because the barrier did
  -- not let the vehicle through, is added to its rule at the next start.
  seq        integer primary key autoincrement,
  id         text not null unique,
  rule_id    text not null,
  given_back integer not null default 0 check (given_back in (0, 1))
) strict;
