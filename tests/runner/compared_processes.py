"""Small notebooks about shells, processes, threads and loops. See `compared_notebooks`.

A kernel reads text that other programs write in a separate thread, a moment later, so
cells wait for that text before they show a value.
"""

SHELLS = r"""
!echo hi; echo b >&2
# %%
!false
# %%
_exit_code
# %%
x = !echo a; echo b
x
# %%
type(x).__name__, x.n, x.s
# %%
name = 'w'
!echo {name} $name; printf 'no newline'
# %%
!printf 'a\rb\n'
# %%
!nosuchcommand
# %%
!echo é☃ $TERM $PAGER $COLUMNS $FORCE_COLOR $CLICOLOR
# %%
!python3 -c 'import sys; print(sys.stdout.isatty(), sys.version_info[:2])'
# %%
!tput cols; stty size
# %%
!kill -9 $$
# %%
_exit_code
# %%
!sleep 0 &
# %%
%system echo hi
# %%
import subprocess, time
done = subprocess.run('echo out; echo err >&2; exit 3', shell=True); time.sleep(0.2)
done
# %%
subprocess.run(['false'], check=True)
# %%
subprocess.run(['cat'])
# %%
subprocess.run([__import__('sys').executable, '-c', 'print(1)'], capture_output=True, text=True).stdout
# %%
import os
status = os.system('echo sys; exit 3'); time.sleep(0.2)
status
# %%
pid = os.fork()
if pid == 0:
    print('child')
    os._exit(0)
status = os.waitpid(pid, 0)[1]; time.sleep(0.2)
status
# %%
import sys
pid = os.fork()
if pid == 0:
    display('a child has no display')
    os._exit(0)
os.waitpid(pid, 0)[1]
# %%
import multiprocessing
fork = multiprocessing.get_context('fork')
def work(n): print('work', n, flush=True)
p = fork.Process(target=work, args=(1,)); p.start(); p.join(); time.sleep(0.2); p.exitcode
# %%
with fork.Pool(1) as pool: print(pool.map(abs, [-1, -2]))
# %%
def bad(): raise ValueError('in child')
p = fork.Process(target=bad, name='one'); p.start(); p.join(); time.sleep(0.2); p.exitcode
# %%
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(2) as pool: print(list(pool.map(abs, [-1, -2])))
# %%
sys.stdin.read()
# %%
input('name: ')
# %%
import getpass
getpass.getpass()
"""

LOOPS = r"""
import asyncio, contextvars
async def f(): return 5
await f()
# %%
print(await f())
# %%
c = f()
try: asyncio.run(c)
finally: c.close()
# %%
c = f()
try: asyncio.get_event_loop().run_until_complete(c)
finally: c.close()
# %%
asyncio.get_event_loop().is_running(), asyncio.get_running_loop() is asyncio.get_event_loop()
# %%
t = asyncio.create_task(f())
# %%
t.done(), t.result()
# %%
async def numbers():
    for i in range(3): yield i
async for x in numbers(): print(x)
# %%
[x async for x in numbers()]
# %%
await asyncio.gather(f(), f())
# %%
async with asyncio.timeout(1): print('in')
# %%
async def wrong(): raise ValueError('a')
await wrong()
# %%
await 5
# %%
def sync(): return asyncio.run(f())
import threading
r = []
t = threading.Thread(target=lambda: r.append(sync())); t.start(); t.join(); r
# %%
await asyncio.to_thread(print, 'in a thread')
# %%
p = await asyncio.create_subprocess_shell('echo sub'); await p.wait(); await asyncio.sleep(0.2)
p.returncode
# %%
v = contextvars.ContextVar('v', default=0)
v.set(5); await asyncio.sleep(0)
v.get()
# %%
v.get()
# %%
v.set(6);
# %%
await f()
v.get()
# %%
async def loop(): return id(asyncio.get_running_loop())
first = await loop()
# %%
first == await loop()
# %%
%autoawait
# %%
import signal
signal.getsignal(signal.SIGINT) is signal.default_int_handler
# %%
signal.raise_signal(signal.SIGINT)
# %%
asyncio.get_event_loop().call_later(0.1, signal.raise_signal, signal.SIGINT)
await asyncio.sleep(60)
"""
