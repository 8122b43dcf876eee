-- one.lua: a user's move of one task.
-- ARGV[1] task id      ARGV[2] the codes of the states that it may come from. Returns what try.lua answers.

local answer, changed = try(ARGV[1], ARGV[2])
if changed then
  settle()
  commit()
end
return answer
