-- turn.lua: one round trip of a worker: finish what ended, assign what became possible, start what it has room for.
-- ARGV: worker id, tasks wanted, tasks to fetch ahead, "adopt" or "", "leave" where the worker comes again by itself so
--   soon that nobody need assign anything to it, "back" where it did, or "", number of tasks fetched ahead that have begun, and
--   two each: id, attempt; then the number of groups of attempts that ended well, then for each its queue,
--   retention ms (0: the default), attempt, number and "results" or "", and its ids, and then their results;
--   then the number of other outcomes, and eight each: id, attempt, kind (ok retry fail release cancel), delay ms, reason,
--   outcome, error, result
-- Returns {"ok" or "lost", answers in that order, leases}. A lost worker's report is refused whole, and it gets nothing.

local function cut(list, from, n)
  local part = {}
  for i = 1, n do part[i] = list[from + i - 1] end
  return part
end

local worker, want, ahead, at = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), 7
local begun, groups, outcomes, reported = {}, {}, {}, 0
for i = 1, tonumber(ARGV[6]) do
  begun[i] = { ARGV[at], ARGV[at + 1] }
  at = at + 2
end
at = at + 1
for g = 1, tonumber(ARGV[at - 1]) do
  local group, n = { queue = ARGV[at], keep = ARGV[at + 1], attempt = ARGV[at + 2] }, tonumber(ARGV[at + 3])
  local has_results = ARGV[at + 4] == 'results'
  at, reported = at + 5, reported + n
  group.ids = cut(ARGV, at, n)
  if has_results then
    at = at + n
    group.results = cut(ARGV, at, n)
  end
  at, groups[g] = at + n, group
end
for i = 1, tonumber(ARGV[at]) do
  local a = at + (i - 1) * 8
  reported = reported + 1
  outcomes[i] = { worker = worker, at = reported, id = ARGV[a + 1], attempt = tonumber(ARGV[a + 2]),
    attempt_text = ARGV[a + 2], kind = ARGV[a + 3],
    delay = tonumber(ARGV[a + 4]), reason = ARGV[a + 5], outcome = ARGV[a + 6], error = ARGV[a + 7],
    result = ARGV[a + 8] }
end

if not redis.call('ZSCORE', K.workers, worker) then return { 'lost', {}, {} } end
local answers, leases = finish(worker, groups, outcomes), {}
if counted() then commit() end -- whatever becomes of the next ones; where nothing ended, nothing may be written first
if #begun > 0 then begin(worker, begun) end
if ARGV[5] == 'back' then
  without_memory()
  shift(worker, 0, 0)
end
if ARGV[4] == 'adopt' then
  adopt(worker, leases)
  return { 'ok', answers, leases }
end
local started, waiting, suspect = start(worker, want, leases)
want = want - started
if suspect then ahead = 0 end
local moved, more = 0, false
if not waiting and want + ahead > 0 then
  moved, more = assign(math.max(want + ahead, reported), claim(worker, want, ahead, leases))
end
if ARGV[5] == 'leave' then redis.call('ZREM', K.ready .. redis.call('HGET', K.status .. worker, 'profile'), worker) end
if more then wake() end
if counted() then commit() end
return { 'ok', answers, leases }
