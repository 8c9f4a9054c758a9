-- Of a crop that is hard to read: the same as JPEG after the enhancer, for people. It goes and is replaced with its crop.
alter table picture add column enhanced blob;
