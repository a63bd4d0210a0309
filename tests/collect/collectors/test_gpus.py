import pytest

from aiguard_agent.collect import nvml
from aiguard_agent.collect.collector import Options, Sight
from aiguard_agent.collect.collectors.gpus import COLLECTOR
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.memory import Descriptors
from aiguard_agent.core.facts import Gpu, GpuUse, Process

INFORMATION = "Model: \t\t NVIDIA L4\nIRQ:   \t\t 1\nGPU UUID: \t GPU-aa\nDevice Minor: \t {}\n"


def put(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def look(root, held=None, *processes):
    host = Host(root)
    for pid, paths in (held or {}).items():
        host.memory.descriptors[(pid, 1)] = Descriptors(files=tuple(enumerate(paths)))
    return COLLECTOR.collect(host, Options(), Sight(processes=tuple(processes)))


@pytest.fixture
def amd(tmp_path):
    device = "sys/class/drm/card1/device"
    put(tmp_path, f"{device}/vendor", "0x1002")
    put(tmp_path, f"{device}/mem_info_vram_total", "68702699520")
    put(tmp_path, f"{device}/product_name", "AMD Instinct MI210")
    put(tmp_path, f"{device}/unique_id", "0xabc")
    (tmp_path / device / "drm/renderD129").mkdir(parents=True)
    (tmp_path / "sys/class/drm/card1-DP-1").mkdir()
    put(tmp_path, "sys/class/kfd/kfd/topology/nodes/1/gpu_id", "777")
    put(tmp_path, "sys/class/kfd/kfd/topology/nodes/1/properties", "cpu_cores_count 0\ndrm_render_minor 129")
    put(tmp_path, "sys/class/kfd/kfd/topology/nodes/0/gpu_id", "0")
    return tmp_path


def test_host_without_accelerators_has_none_and_no_blind_spot(tmp_path):
    """No driver, no card: nothing to tell and nothing that was missed."""
    assert look(tmp_path) == Sight()


def test_nvidia_cards_are_read_from_the_driver_and_held_by_their_nodes(tmp_path):
    """Without NVML the driver's text files name the cards, and open device nodes name who holds which."""
    put(tmp_path, "proc/driver/nvidia/gpus/0000:01:00.0/information", INFORMATION.format(1))
    put(tmp_path, "proc/driver/nvidia/gpus/0000:02:00.0/information", INFORMATION.format(0))
    held = {5: ["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia1"], 6: ["/dev/nvidia-uvm"], 7: ["/dev/null"]}

    first, second = look(tmp_path, held).gpus

    assert (first.index, first.name, first.uuid) == (0, "NVIDIA L4", "GPU-aa")
    assert first.used_by == (GpuUse(pid=6),)
    assert second.used_by == (GpuUse(pid=5), GpuUse(pid=6))


def test_mapped_node_counts_as_held(tmp_path):
    """A process that closed the descriptor but maps the card still uses it."""
    put(tmp_path, "proc/driver/nvidia/gpus/0000:01:00.0/information", INFORMATION.format(0))
    run = Process(pid=8, start_ticks=1, started=0.0, mapped=("/dev/nvidia0", "/dev/nvidia0x"))

    (gpu,) = look(tmp_path, None, run).gpus

    assert gpu.used_by == (GpuUse(pid=8),)


def test_amd_card_is_read_from_sysfs_with_memory_by_process(amd):
    """Name, memory and serial from the card, bytes by process from the compute driver, others by render node."""
    put(amd, "sys/class/kfd/kfd/proc/41/vram_777", "1048576")
    put(amd, "sys/class/kfd/kfd/proc/42/vram_999", "5")

    assert look(amd, {50: ["/dev/kfd", "/dev/dri/renderD129"], 51: ["/dev/dri/renderD128"]}).gpus == (
        Gpu(
            index=1,
            vendor="amd",
            name="AMD Instinct MI210",
            uuid="0xabc",
            memory=68702699520,
            used_by=(GpuUse(pid=41, memory=1048576), GpuUse(pid=50)),
        ),
    )


def test_intel_and_accel_cards_are_named_and_display_chips_are_not(tmp_path):
    """Vendors of accelerators count; a server's video chip is none."""
    put(tmp_path, "sys/class/drm/card0/device/vendor", "0x1a03")
    put(tmp_path, "sys/class/drm/card1/device/vendor", "0x8086")
    put(tmp_path, "sys/class/drm/card1/device/device", "0x56c0")
    put(tmp_path, "sys/class/accel/accel0/device/vendor", "0x1da3")

    gpus = look(tmp_path, {3: ["/dev/accel/accel0"]}).gpus

    assert [(gpu.vendor, gpu.name) for gpu in gpus] == [("intel", "intel 0x56c0"), ("habana", "habana")]
    assert gpus[1].used_by == (GpuUse(pid=3),)


def test_garbage_in_sysfs_is_survived(amd):
    """Numbers that are none, and folders that are no pids, are left out."""
    put(amd, "sys/class/drm/card1/device/mem_info_vram_total", "lots")
    put(amd, "sys/class/kfd/kfd/proc/x/vram_777", "1")
    put(amd, "sys/class/kfd/kfd/proc/43/vram_777", "-1")

    (gpu,) = look(amd).gpus

    assert (gpu.memory, gpu.used_by) == (0, ())


def test_missing_extra_is_told_only_where_there_is_a_driver(tmp_path, monkeypatch):
    """A live host with NVIDIA's driver and without the extra gets told what to install, and its cards all the same."""
    put(tmp_path, "proc/driver/nvidia/gpus/0000:01:00.0/information", INFORMATION.format(0))
    monkeypatch.setattr(nvml, "load", lambda: None)
    host = Host(tmp_path)
    host.live = True

    sight = COLLECTOR.collect(host, Options(), Sight())

    assert [gpu.name for gpu in sight.gpus] == ["NVIDIA L4"]
    assert ["aiguard-agent[gpu]" in blind.reason for blind in sight.blind] == [True]


def test_holder_of_a_card_is_remembered_between_readings(amd):
    """A pass that reads no descriptors still knows who holds the card, for as long as the process lives."""
    host = Host(amd)
    process = Process(pid=50, start_ticks=1, started=0.0)
    host.memory.descriptors[(50, 1)] = Descriptors(files=((3, "/dev/dri/renderD129"),))
    COLLECTOR.collect(host, Options(), Sight(processes=(process,)))
    host.memory.begin()

    quiet = COLLECTOR.collect(host, Options(), Sight(processes=(process,)))
    ended = COLLECTOR.collect(host, Options(), Sight())

    assert quiet.gpus[0].used_by == (GpuUse(pid=50),)
    assert ended.gpus[0].used_by == ()
