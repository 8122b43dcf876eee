-- failures.lua: read only. What failed tasks failed with, for grouping.
-- ARGV[1] bytes of an error to answer      ARGV[2..] ids
-- Returns three strings an id: queue, type, the first line of its error. All are "" where it is not failed any more.

local ids = {}
for i = 2, #ARGV do ids[i - 1] = ARGV[i] end
local records, states, answer = lookup(K.tasks, ids), lookup(K.state, ids), {}
for i in ipairs(ids) do
  local queue, kind, err = '', '', ''
  if states[i] and readable(records[i], states[i]) and string.sub(states[i], 1, 1) == 'f' then
    local h = header(records[i])
    queue, kind = h.queue, h.type
    err = string.sub(string.match(parse(states[i]).error, '^%s*([^\r\n]*)'), 1, tonumber(ARGV[1]))
  end
  answer[3 * i - 2], answer[3 * i - 1], answer[3 * i] = queue, kind, err
end
return answer
