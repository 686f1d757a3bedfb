// A DTLS 1.2 echo server and a line client on Pion, for the interoperability tests. It takes the options and writes the lines
// that test/interop/dtls/peers/program-peer.ts describes.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/gob"
	"encoding/hex"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/dtls/v2"
	"github.com/pion/dtls/v2/pkg/crypto/elliptic"
)

var (
	port          = flag.Int("port", 0, "")
	suite         = flag.String("suite", "", "")
	_             = flag.String("suite-name", "", "")
	_             = flag.String("openssl-name", "", "")
	pskIdentity   = flag.String("psk-identity", "", "")
	pskKey        = flag.String("psk-key", "", "")
	pskHint       = flag.String("psk-hint", "", "")
	certificate   = flag.String("certificate", "", "")
	privateKey    = flag.String("private-key", "", "")
	authorities   = flag.String("authorities", "", "")
	requireClient = flag.String("require-client-certificate", "", "")
	named         = flag.String("named", "", "")
	namedCert     = flag.String("named-certificate", "", "")
	namedKey      = flag.String("named-key", "", "")
	serverName    = flag.String("server-name", "", "")
	sessionFile   = flag.String("session-file", "", "")
	mtu           = flag.Int("mtu", 0, "")
	timer         = flag.Int("timer", 0, "")
	noEms         = flag.String("no-ems", "", "")
	group         = flag.String("group", "", "")
	_             = flag.String("no-tickets", "", "")
)

// What the handshake under way has told so far; the server does one handshake at a time.
var seen struct {
	sync.Mutex
	identity   string
	serverName string
	resumed    bool
}

// One session, in a file where that is asked for, since the client is a new process each time.
type store struct {
	sync.Mutex
	sessions map[string]dtls.Session
}

func (s *store) Set(key []byte, session dtls.Session) error {
	s.Lock()
	defer s.Unlock()
	s.sessions[string(key)] = session
	if *sessionFile != "" {
		text := hex.EncodeToString(session.ID) + " " + hex.EncodeToString(session.Secret)
		return os.WriteFile(*sessionFile, []byte(text), 0o600)
	}
	return nil
}

func (s *store) Get(key []byte) (dtls.Session, error) {
	s.Lock()
	defer s.Unlock()
	session, found := s.sessions[string(key)]
	if !found && *sessionFile != "" {
		if text, err := os.ReadFile(*sessionFile); err == nil {
			parts := strings.Fields(string(text))
			session.ID, _ = hex.DecodeString(parts[0])
			session.Secret, _ = hex.DecodeString(parts[1])
			found = true
		}
	}
	if found {
		seen.Lock()
		seen.resumed = true
		seen.Unlock()
	}
	return session, nil
}

func (s *store) Del(key []byte) error {
	s.Lock()
	defer s.Unlock()
	delete(s.sessions, string(key))
	return nil
}

func main() {
	role := os.Args[1]
	if err := flag.CommandLine.Parse(os.Args[2:]); err != nil {
		fail(err)
	}
	config, err := makeConfig(role == "server")
	if err != nil {
		fail(err)
	}
	address := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: *port}
	if role == "server" {
		serve(address, config)
	} else {
		connect(address, config)
	}
}

func makeConfig(isServer bool) (*dtls.Config, error) {
	code, err := strconv.ParseUint(*suite, 16, 16)
	if err != nil {
		return nil, err
	}
	config := &dtls.Config{
		CipherSuites:         []dtls.CipherSuiteID{dtls.CipherSuiteID(code)},
		ExtendedMasterSecret: dtls.RequestExtendedMasterSecret,
		ServerName:           *serverName,
		MTU:                  *mtu,
		ConnectContextMaker: func() (context.Context, func()) {
			return context.WithTimeout(context.Background(), time.Minute)
		},
	}
	// A client with a store takes a server's new session for a resumed one when its flight comes in several datagrams.
	if isServer || *sessionFile != "" {
		config.SessionStore = &store{sessions: map[string]dtls.Session{}}
	}
	if *noEms != "" {
		config.ExtendedMasterSecret = dtls.DisableExtendedMasterSecret
	}
	if *timer != 0 {
		config.FlightInterval = time.Duration(*timer) * time.Millisecond
	}
	if curve, found := map[string]elliptic.Curve{
		"x25519": elliptic.X25519, "secp256r1": elliptic.P256, "secp384r1": elliptic.P384,
	}[*group]; found {
		config.EllipticCurves = []elliptic.Curve{curve}
	}
	if *pskKey != "" {
		if err := usePsk(config, isServer); err != nil {
			return nil, err
		}
	}
	if *certificate != "" {
		if err := useCertificates(config); err != nil {
			return nil, err
		}
	}
	if *authorities != "" {
		pem, err := os.ReadFile(*authorities)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		config.RootCAs, config.ClientCAs = pool, pool
	}
	if *requireClient != "" {
		config.ClientAuth = dtls.RequireAndVerifyClientCert
	}
	return config, nil
}

func usePsk(config *dtls.Config, isServer bool) error {
	key, err := hex.DecodeString(*pskKey)
	if err != nil {
		return err
	}
	config.PSK = func(said []byte) ([]byte, error) {
		if isServer {
			seen.Lock()
			seen.identity = string(said)
			seen.Unlock()
			if string(said) != *pskIdentity {
				return nil, fmt.Errorf("unknown identity %q", said)
			}
		}
		return key, nil
	}
	// Pion sends this as the identity when it is the client and as the hint when it is the server.
	config.PSKIdentityHint = []byte(*pskIdentity)
	if isServer {
		config.PSKIdentityHint = []byte(*pskHint)
	}
	return nil
}

func useCertificates(config *dtls.Config) error {
	own, err := tls.LoadX509KeyPair(*certificate, *privateKey)
	if err != nil {
		return err
	}
	config.Certificates = []tls.Certificate{own}
	other := own
	if *named != "" {
		if other, err = tls.LoadX509KeyPair(*namedCert, *namedKey); err != nil {
			return err
		}
	}
	config.GetCertificate = func(hello *dtls.ClientHelloInfo) (*tls.Certificate, error) {
		seen.Lock()
		seen.serverName = hello.ServerName
		seen.Unlock()
		if *named != "" && hello.ServerName == *named {
			return &other, nil
		}
		return &own, nil
	}
	return nil
}

func serve(address *net.UDPAddr, config *dtls.Config) {
	listener, err := dtls.Listen("udp4", address, config)
	if err != nil {
		fail(err)
	}
	fmt.Println("LISTENING")
	for {
		connection, err := listener.Accept()
		if err != nil {
			fmt.Println("ERROR", err)
			continue
		}
		established(connection.(*dtls.Conn))
		go echo(connection)
	}
}

func echo(connection net.Conn) {
	buffer := make([]byte, 20000)
	for {
		length, err := connection.Read(buffer)
		if err != nil {
			if err.Error() == "EOF" {
				fmt.Println("CLOSED well")
			} else {
				fmt.Println("CLOSED badly", err)
			}
			_ = connection.Close()
			return
		}
		if _, err := connection.Write(buffer[:length]); err != nil {
			fmt.Println("ERROR", err)
		}
	}
}

func connect(address *net.UDPAddr, config *dtls.Config) {
	connection, err := dtls.Dial("udp4", address, config)
	if err != nil {
		fail(err)
	}
	established(connection)
	go func() {
		buffer := make([]byte, 20000)
		for {
			length, err := connection.Read(buffer)
			if err != nil {
				return
			}
			for _, line := range strings.Split(strings.TrimSuffix(string(buffer[:length]), "\n"), "\n") {
				fmt.Println("LINE", line)
			}
		}
	}()
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 20000)
	for input.Scan() {
		if _, err := connection.Write(append(input.Bytes(), '\n')); err != nil {
			fail(err)
		}
	}
	if err := connection.Close(); err != nil {
		fail(err)
	}
}

func established(connection *dtls.Conn) {
	state := connection.ConnectionState()
	marshalled, err := state.MarshalBinary()
	if err != nil {
		fail(err)
	}
	// The suite is told in no other way.
	var told struct{ CipherSuiteID uint16 }
	if err := gob.NewDecoder(bytes.NewReader(marshalled)).Decode(&told); err != nil {
		fail(err)
	}
	seen.Lock()
	defer seen.Unlock()
	line := fmt.Sprintf("ESTABLISHED suite=%04x", told.CipherSuiteID)
	if seen.resumed {
		line += " resumed=1"
	} else {
		line += " resumed=0"
	}
	if len(state.PeerCertificates) > 0 {
		if parsed, err := x509.ParseCertificate(state.PeerCertificates[0]); err == nil {
			line += " peer=" + url.PathEscape(parsed.Subject.CommonName)
		}
	}
	if seen.identity != "" {
		line += " identity=" + url.PathEscape(seen.identity)
	}
	if seen.serverName != "" {
		line += " servername=" + url.PathEscape(seen.serverName)
	}
	seen.identity, seen.serverName, seen.resumed = "", "", false
	fmt.Println(line)
}

func fail(err error) {
	fmt.Println("ERROR", err)
	os.Exit(1)
}
