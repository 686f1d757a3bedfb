// An echo server on Pion DTLS: its own listener, one goroutine for each association.
//
//	pion-server PORT psk|ecdhe SUITE-NUMBER CERTIFICATE KEY
//
// SIGUSR2 gives free memory to the system.
package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"

	"github.com/pion/dtls/v2"
	"github.com/pion/dtls/v2/pkg/protocol"
	"github.com/pion/dtls/v2/pkg/protocol/recordlayer"
	"github.com/pion/udp"
)

const largestDatagram = 8192

func main() {
	if len(os.Args) != 6 {
		os.Exit(2)
	}
	port, _ := strconv.Atoi(os.Args[1])
	suite, err := strconv.ParseUint(os.Args[3], 16, 16)
	check(err)
	config := &dtls.Config{CipherSuites: []dtls.CipherSuiteID{dtls.CipherSuiteID(suite)}}
	if os.Args[2] == "psk" {
		config.PSK = func([]byte) ([]byte, error) { return []byte("osgate-bench-psk"), nil }
	} else {
		certificate, err := tls.LoadX509KeyPair(os.Args[4], os.Args[5])
		check(err)
		config.Certificates = []tls.Certificate{certificate}
	}
	// What dtls.Listen does, but its Accept would shake hands with one peer after the other.
	listenConfig := udp.ListenConfig{Backlog: 1024, AcceptFilter: isHandshake}
	listener, err := listenConfig.Listen("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	check(err)
	go trimOnSignal()
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.UDPAddr).Port)
	for {
		parent, err := listener.Accept()
		check(err)
		go echo(parent, config)
	}
}

func isHandshake(packet []byte) bool {
	packets, err := recordlayer.UnpackDatagram(packet)
	if err != nil || len(packets) < 1 {
		return false
	}
	header := &recordlayer.Header{}
	return header.Unmarshal(packets[0]) == nil && header.ContentType == protocol.ContentTypeHandshake
}

func echo(parent net.Conn, config *dtls.Config) {
	association, err := dtls.Server(parent, config)
	if err != nil {
		parent.Close()
		return
	}
	defer association.Close()
	buffer := make([]byte, largestDatagram)
	for {
		size, err := association.Read(buffer)
		if err != nil {
			return
		}
		if _, err := association.Write(buffer[:size]); err != nil {
			return
		}
	}
}

func trimOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR2)
	for range signals {
		debug.FreeOSMemory()
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
