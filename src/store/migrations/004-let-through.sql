-- Whether the barrier took the grant: 0 where it had a reason of its own not to; null without a grant, and in older rows.
alter table pass add column let_through integer check (let_through in (0, 1));
