/** Milliseconds that this process spent itself: others on the machine take its cores, and what they take is no part of a promise about time. */
export function ownTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
