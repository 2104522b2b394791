"""Stands before PostgreSQL as a pooler does: its sessions have numbers of their own.

pooler.py PORT HOST PORT_OF_DATABASE
"""
import socket, struct, sys, threading

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))


def forward(source, sink):
    while data := source.recv(65536):
        sink.sendall(data)
    sink.close()


def answers(server, client):
    """Until the server is ready for the first time, messages are looked at: K has the number of its process."""
    file = server.makefile("rb")
    while True:
        head = file.read(5)
        if len(head) < 5:
            return client.close()
        kind, length = struct.unpack("!ci", head)
        body = file.read(length - 4)
        if kind == b"K":
            body = struct.pack("!i", 7) + body[4:]
        client.sendall(head + body)
        if kind == b"Z":
            break
    while data := file.read1(65536):
        client.sendall(data)
    client.close()


def serve(client):
    # Whoever asks for encryption gets none.
    while client.recv(8, socket.MSG_PEEK | socket.MSG_WAITALL)[4:] == struct.pack("!i", 80877103):
        client.recv(8)
        client.sendall(b"N")
    server = socket.create_connection((sys.argv[2], int(sys.argv[3])))
    threading.Thread(target=forward, args=(client, server), daemon=True).start()
    answers(server, client)


while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
