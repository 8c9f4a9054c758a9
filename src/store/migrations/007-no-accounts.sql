-- The page has no accounts: who does something names himself in its command, and the log of changes keeps it. Nothing ever wrote
-- or read this table, and hashes of passwords should not lie about for nothing.
drop table operator;
