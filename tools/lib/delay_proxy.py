"""Forwards TCP connections to a Unix socket, each piece after a delay: a network between machines.

    delay_proxy.py ADDRESS PORT SOCKET MILLISECONDS
"""

import asyncio
import sys


async def forward(reader, writer, delay_s):
    """Each piece when its time has come, however many follow it."""
    loop = asyncio.get_running_loop()
    pieces = asyncio.Queue()

    async def write_late():
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not piece:
                break
            writer.write(piece)
            await writer.drain()
        writer.close()

    late = asyncio.create_task(write_late())
    try:
        while True:
            piece = await reader.read(65536)
            pieces.put_nowait((loop.time() + delay_s, piece))
            if not piece:
                break
    except ConnectionError:
        pieces.put_nowait((loop.time(), b""))
    await asyncio.gather(late, return_exceptions=True)


async def main(address, port, socket, delay_ms):
    async def serve(reader, writer):
        to_server = await asyncio.open_unix_connection(socket)
        await asyncio.gather(
            forward(reader, to_server[1], delay_ms / 1000),
            forward(to_server[0], writer, delay_ms / 1000),
        )

    server = await asyncio.start_server(serve, address, port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
