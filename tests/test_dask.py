"""Thousands of hosts: a fleet is collected on a Dask cluster without any code of ours for distribution."""

import warnings
from collections.abc import Iterator

import distributed
import pytest

import phyllome_nb as ph
from support.libvirtd import Daemon


@pytest.fixture
def client() -> Iterator[distributed.Client]:
    """A cluster of two processes on this machine; elsewhere it is a cluster's address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask's own, of its event loop
        cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, scheduler_port=0
        )
        with cluster, distributed.Client(cluster) as opened:
            yield opened


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_a_fleet_on_a_dask_cluster(client: distributed.Client, daemon: Daemon) -> None:
    """The workers open the hosts; a host that cannot be reached is a row, as anywhere."""
    ph.connect(daemon.uri, write=True).change(ph.profiles.minimal(name="far", type="qemu", session=True)).apply()
    hosts = [daemon.uri, "test:///default", "test:///nowhere/none.xml"]
    taken = ph.Fleet(hosts, timeout=60).snapshot(client.get_executor())
    assert taken.allocations()["name"].tolist() == ["far", "test"]
    assert [failure.uri for failure in taken.failures] == ["test:///nowhere/none.xml"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_a_sweep_on_a_dask_cluster(client: distributed.Client) -> None:
    """The workers place; the answers are those that are found here, in their order."""
    from phyllome_nb.capacity.sweep import sweep

    now = ph.Scenario(ph.demo().snapshot(), policy="nova")
    grown = {percent: now.grow(percent) for percent in (20, 100, 400)}
    far = sweep(grown, client.get_executor(), deadline=30)
    assert far.equals(sweep(grown, deadline=30))
    assert far["scenario"].tolist() == ["20", "100", "400"]
