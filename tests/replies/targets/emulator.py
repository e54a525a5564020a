"""An emulator of a small processor: one function an instruction, and a table to find them."""

from __future__ import annotations

REGISTERS = 16
MEMORY = 65536
MASK = 0xFFFF


class Machine:
    """Registers, memory and the program counter."""

    def __init__(self, program):
        self.r = [0] * REGISTERS
        self.m = [0] * MEMORY
        self.pc = 0
        self.steps = 0
        self.program = program
        self.halted = False

    def fetch(self):
        op, a, b = self.program[self.pc]
        self.pc += 1
        return op, a, b


def wrap(value):
    """Into 16 bits."""
    return value & MASK


def add_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(x + y)
    machine.steps += 1


def add_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(x + y)
    machine.steps += 1


def add_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(x + y)
    machine.steps += 1


def add_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(x + y)
    machine.steps += 1


def add_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(x + y)
    machine.steps += 1


def sub_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(x - y)
    machine.steps += 1


def sub_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(x - y)
    machine.steps += 1


def sub_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(x - y)
    machine.steps += 1


def sub_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(x - y)
    machine.steps += 1


def sub_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(x - y)
    machine.steps += 1


def mul_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(x * y)
    machine.steps += 1


def mul_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(x * y)
    machine.steps += 1


def mul_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(x * y)
    machine.steps += 1


def mul_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(x * y)
    machine.steps += 1


def mul_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(x * y)
    machine.steps += 1


def div_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(x // y if y else 0)
    machine.steps += 1


def div_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(x // y if y else 0)
    machine.steps += 1


def div_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(x // y if y else 0)
    machine.steps += 1


def div_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(x // y if y else 0)
    machine.steps += 1


def div_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(x // y if y else 0)
    machine.steps += 1


def mod_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(x % y if y else 0)
    machine.steps += 1


def mod_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(x % y if y else 0)
    machine.steps += 1


def mod_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(x % y if y else 0)
    machine.steps += 1


def mod_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(x % y if y else 0)
    machine.steps += 1


def mod_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(x % y if y else 0)
    machine.steps += 1


def and_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(x & y)
    machine.steps += 1


def and_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(x & y)
    machine.steps += 1


def and_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(x & y)
    machine.steps += 1


def and_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(x & y)
    machine.steps += 1


def and_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(x & y)
    machine.steps += 1


def or_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(x | y)
    machine.steps += 1


def or_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(x | y)
    machine.steps += 1


def or_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(x | y)
    machine.steps += 1


def or_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(x | y)
    machine.steps += 1


def or_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(x | y)
    machine.steps += 1


def xor_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(x ^ y)
    machine.steps += 1


def xor_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(x ^ y)
    machine.steps += 1


def xor_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(x ^ y)
    machine.steps += 1


def xor_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(x ^ y)
    machine.steps += 1


def xor_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(x ^ y)
    machine.steps += 1


def shl_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(x << (y & 15))
    machine.steps += 1


def shl_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(x << (y & 15))
    machine.steps += 1


def shl_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(x << (y & 15))
    machine.steps += 1


def shl_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(x << (y & 15))
    machine.steps += 1


def shl_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(x << (y & 15))
    machine.steps += 1


def shr_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(x >> (y & 15))
    machine.steps += 1


def shr_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(x >> (y & 15))
    machine.steps += 1


def shr_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(x >> (y & 15))
    machine.steps += 1


def shr_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(x >> (y & 15))
    machine.steps += 1


def shr_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(x >> (y & 15))
    machine.steps += 1


def eq_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(int(x == y))
    machine.steps += 1


def eq_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(int(x == y))
    machine.steps += 1


def eq_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(int(x == y))
    machine.steps += 1


def eq_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(int(x == y))
    machine.steps += 1


def eq_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(int(x == y))
    machine.steps += 1


def ne_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(int(x != y))
    machine.steps += 1


def ne_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(int(x != y))
    machine.steps += 1


def ne_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(int(x != y))
    machine.steps += 1


def ne_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(int(x != y))
    machine.steps += 1


def ne_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(int(x != y))
    machine.steps += 1


def lt_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(int(x < y))
    machine.steps += 1


def lt_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(int(x < y))
    machine.steps += 1


def lt_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(int(x < y))
    machine.steps += 1


def lt_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(int(x < y))
    machine.steps += 1


def lt_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(int(x < y))
    machine.steps += 1


def le_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(int(x <= y))
    machine.steps += 1


def le_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(int(x <= y))
    machine.steps += 1


def le_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(int(x <= y))
    machine.steps += 1


def le_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(int(x <= y))
    machine.steps += 1


def le_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(int(x <= y))
    machine.steps += 1


def gt_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(int(x > y))
    machine.steps += 1


def gt_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(int(x > y))
    machine.steps += 1


def gt_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(int(x > y))
    machine.steps += 1


def gt_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(int(x > y))
    machine.steps += 1


def gt_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(int(x > y))
    machine.steps += 1


def ge_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(int(x >= y))
    machine.steps += 1


def ge_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(int(x >= y))
    machine.steps += 1


def ge_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(int(x >= y))
    machine.steps += 1


def ge_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(int(x >= y))
    machine.steps += 1


def ge_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(int(x >= y))
    machine.steps += 1


def min_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(min(x, y))
    machine.steps += 1


def min_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(min(x, y))
    machine.steps += 1


def min_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(min(x, y))
    machine.steps += 1


def min_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(min(x, y))
    machine.steps += 1


def min_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(min(x, y))
    machine.steps += 1


def max_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(max(x, y))
    machine.steps += 1


def max_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(max(x, y))
    machine.steps += 1


def max_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(max(x, y))
    machine.steps += 1


def max_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(max(x, y))
    machine.steps += 1


def max_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(max(x, y))
    machine.steps += 1


def avg_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap((x + y) // 2)
    machine.steps += 1


def avg_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap((x + y) // 2)
    machine.steps += 1


def avg_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap((x + y) // 2)
    machine.steps += 1


def avg_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap((x + y) // 2)
    machine.steps += 1


def avg_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap((x + y) // 2)
    machine.steps += 1


def neg_rr(machine, a, b):
    x = machine.r[a]
    y = machine.r[b]
    machine.r[a] = wrap(-y)
    machine.steps += 1


def neg_ri(machine, a, b):
    x = machine.r[a]
    y = b
    machine.r[a] = wrap(-y)
    machine.steps += 1


def neg_rm(machine, a, b):
    x = machine.r[a]
    y = machine.m[b & MASK]
    machine.r[a] = wrap(-y)
    machine.steps += 1


def neg_mr(machine, a, b):
    x = machine.m[a & MASK]
    y = machine.r[b]
    machine.m[a & MASK] = wrap(-y)
    machine.steps += 1


def neg_mi(machine, a, b):
    x = machine.m[a & MASK]
    y = b
    machine.m[a & MASK] = wrap(-y)
    machine.steps += 1


OPERATIONS = {
    "add_rr": add_rr,
    "add_ri": add_ri,
    "add_rm": add_rm,
    "add_mr": add_mr,
    "add_mi": add_mi,
    "sub_rr": sub_rr,
    "sub_ri": sub_ri,
    "sub_rm": sub_rm,
    "sub_mr": sub_mr,
    "sub_mi": sub_mi,
    "mul_rr": mul_rr,
    "mul_ri": mul_ri,
    "mul_rm": mul_rm,
    "mul_mr": mul_mr,
    "mul_mi": mul_mi,
    "div_rr": div_rr,
    "div_ri": div_ri,
    "div_rm": div_rm,
    "div_mr": div_mr,
    "div_mi": div_mi,
    "mod_rr": mod_rr,
    "mod_ri": mod_ri,
    "mod_rm": mod_rm,
    "mod_mr": mod_mr,
    "mod_mi": mod_mi,
    "and_rr": and_rr,
    "and_ri": and_ri,
    "and_rm": and_rm,
    "and_mr": and_mr,
    "and_mi": and_mi,
    "or_rr": or_rr,
    "or_ri": or_ri,
    "or_rm": or_rm,
    "or_mr": or_mr,
    "or_mi": or_mi,
    "xor_rr": xor_rr,
    "xor_ri": xor_ri,
    "xor_rm": xor_rm,
    "xor_mr": xor_mr,
    "xor_mi": xor_mi,
    "shl_rr": shl_rr,
    "shl_ri": shl_ri,
    "shl_rm": shl_rm,
    "shl_mr": shl_mr,
    "shl_mi": shl_mi,
    "shr_rr": shr_rr,
    "shr_ri": shr_ri,
    "shr_rm": shr_rm,
    "shr_mr": shr_mr,
    "shr_mi": shr_mi,
    "eq_rr": eq_rr,
    "eq_ri": eq_ri,
    "eq_rm": eq_rm,
    "eq_mr": eq_mr,
    "eq_mi": eq_mi,
    "ne_rr": ne_rr,
    "ne_ri": ne_ri,
    "ne_rm": ne_rm,
    "ne_mr": ne_mr,
    "ne_mi": ne_mi,
    "lt_rr": lt_rr,
    "lt_ri": lt_ri,
    "lt_rm": lt_rm,
    "lt_mr": lt_mr,
    "lt_mi": lt_mi,
    "le_rr": le_rr,
    "le_ri": le_ri,
    "le_rm": le_rm,
    "le_mr": le_mr,
    "le_mi": le_mi,
    "gt_rr": gt_rr,
    "gt_ri": gt_ri,
    "gt_rm": gt_rm,
    "gt_mr": gt_mr,
    "gt_mi": gt_mi,
    "ge_rr": ge_rr,
    "ge_ri": ge_ri,
    "ge_rm": ge_rm,
    "ge_mr": ge_mr,
    "ge_mi": ge_mi,
    "min_rr": min_rr,
    "min_ri": min_ri,
    "min_rm": min_rm,
    "min_mr": min_mr,
    "min_mi": min_mi,
    "max_rr": max_rr,
    "max_ri": max_ri,
    "max_rm": max_rm,
    "max_mr": max_mr,
    "max_mi": max_mi,
    "avg_rr": avg_rr,
    "avg_ri": avg_ri,
    "avg_rm": avg_rm,
    "avg_mr": avg_mr,
    "avg_mi": avg_mi,
    "neg_rr": neg_rr,
    "neg_ri": neg_ri,
    "neg_rm": neg_rm,
    "neg_mr": neg_mr,
    "neg_mi": neg_mi,
}


def run(machine, limit=1_000_000):
    """Until it halts, or for so many steps."""
    while not machine.halted and machine.steps < limit:
        if machine.pc >= len(machine.program):
            machine.halted = True
            break
        op, a, b = machine.fetch()
        if op == "halt":
            machine.halted = True
        elif op == "jump":
            machine.pc = a
        elif op == "jump_if":
            if machine.r[a]:
                machine.pc = b
        else:
            OPERATIONS[op](machine, a, b)
    return machine.r[0]


def disassemble(program):
    """The program as text."""
    lines = []
    for number, (op, a, b) in enumerate(program):
        lines.append(f"{number:5d}  {op:8s} {a}, {b}")
    return "\n".join(lines)


def assemble(text):
    """Text as a program."""
    program = []
    for line in text.split("\n"):
        words = line.replace(",", " ").split()
        if words:
            program.append((words[0], int(words[1]), int(words[2])))
    return program
