-- turn.lua: one round trip of a worker: finish what ended, assign what became possible, start what it has room for.
-- ARGV: worker id, tasks wanted, tasks to fetch ahead, "adopt" or "", "leave" where the worker comes again by itself so
--   soon that nobody need assign anything to it, "back" where it did, or "", number of tasks fetched ahead that have begun, and
--   two each: id, attempt; then the number of groups of attempts that ended well, then for each its queue,
--   retention ms (0: the default), attempt, number and "results" or "", and its ids, and then their results;
--   then the number of other outcomes, and eight each: id, attempt, kind (ok retry fail release cancel), delay ms, reason,
--   outcome, error, result
-- Returns {"ok" or "lost", an answer a report in that order, each a digit, leases and what is odd of them (start.lua)}. A lost
--   worker's report is refused whole, and it gets nothing.

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

if not redis.call('ZSCORE', K.workers, worker) then return { 'lost', '', {}, {} } end
local holder, leases = read_holder(worker), {}
local answers = finish(holder, groups, outcomes)
if #begun > 0 then begin(worker, begun) end

-- take starts what it has room for.
local function take()
  local started, waiting, suspect = start(holder, want, leases)
  want = want - started
  if suspect then ahead = 0 end
  if waiting or want + ahead <= 0 then return end
  local _, more, wrong = assign(math.max(want + ahead, reported), claim(holder, want, ahead, leases))
  if wrong then error(wrong, 0) end
  if more then wake() end
end

-- Whatever becomes of that, what ended is written. Where nothing ended, nothing may be written first.
local fine, wrong = pcall(ARGV[4] == 'adopt' and adopt or take, worker, leases)
if ARGV[5] == 'back' then without_memory() end
if ARGV[5] == 'leave' then holder.state = 'away' end -- whoever assigns does not see it
if ARGV[5] == 'back' or counted() then
  write_holder(holder)
elseif ARGV[5] == 'leave' and holder.profile then
  redis.call('ZREM', K.ready .. holder.profile, worker)
end
if counted() then commit() end
if not fine then return redis.error_reply(caught(wrong)) end
return { 'ok', table.concat(answers), leases, odd }
